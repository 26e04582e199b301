using StellaOps.Backup.Gateway.Limits;
using StellaOps.Backup.Gateway.Proxy;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Security;

return await StellaRunner.RunAsync(
    "gateway",
    builder =>
    {
        builder.AddStellaAuthentication();
        builder.AddProxy();
        builder.AddLimits();
    },
    app =>
    {
        app.UseRateLimiter();
        app.MapProxy();
    });
