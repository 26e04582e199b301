using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>Registration of announcements and checks.</summary>
public static class AnnouncerExtensions
{
    /// <summary>Announces this process every five seconds with the results of its <see cref="IServiceCheck"/>s. After <c>AddStellaBus</c>.</summary>
    public static WebApplicationBuilder AddAnnouncer(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<CheckRunner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CheckRunner>());
        builder.Services.AddSingleton<OwnAnnouncement>();
        builder.Services.AddHostedService<Announcer>();
        return builder;
    }
}
