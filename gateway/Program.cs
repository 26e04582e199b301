using StellaOps.Backup.Gateway;
using StellaOps.Backup.Hosting;

return await StellaRunner.RunAsync("gateway", GatewayService.Register, GatewayService.Map);
