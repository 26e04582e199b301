using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Points;

internal static class PointsRegistration
{
    /// <summary>The location's manifests and the catalog of them.</summary>
    public static WebApplicationBuilder AddPoints(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(provider => ObjectStoreFactory.Open(provider.GetRequiredService<IOptions<LocationSettings>>().Value));
        services.AddSingleton(provider => PointSigner.FromPemFile(provider.GetRequiredService<IOptions<CoordinatorSettings>>().Value.PointSigningKeyFile!));
        services.AddSingleton(provider => Verifier(provider.GetRequiredService<IOptions<CoordinatorSettings>>().Value));
        services.AddSingleton<PointStore>();
        LocationPatience.Add(services);
        services.AddScoped<PointCatalog>();
        services.AddScoped<ProofRecorder>();
        services.AddScoped<PointUse>();
        services.AddScoped<StalePoints>();
        services.AddScoped<ProtectionCopies>();
        services.AddScoped<PointProtection>();
        services.AddSingleton<RebuildGate>();
        services.AddScoped<CatalogHistory>();
        services.AddHostedService<CatalogRebuild>();
        return builder;
    }

    // The key that signs now, and those that signed what is still kept.
    private static PointVerifier Verifier(CoordinatorSettings settings) =>
        PointVerifier.FromPemFiles([settings.PointSigningKeyFile!, .. settings.TrustedPointKeyFiles]);
}
