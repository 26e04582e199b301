using StellaOps.Backup.Coordinator;
using StellaOps.Backup.Coordinator.Api;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Security;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Storage;

return await StellaRunner.RunAsync("coordinator", Register, Map);

static void Register(WebApplicationBuilder builder)
{
    builder.Services.AddSettings<CoordinatorSettings>(CoordinatorSettings.Section);
    builder.Services.AddSettings<LocationSettings>(LocationSettings.Section);

    // A statement that fails throws, and who catches it knows whether that is worth a line.
    builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
    builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
    builder.Services.AddOpenApi();
    builder.AddStellaAuthentication();
    builder.AddCatalog();
    builder.AddPoints();
    builder.AddOperations();
    builder.AddSchedules();
    builder.AddSecondary();
    builder.AddDoctor();
    builder.AddCoordinatorBus();
    builder.AddAnnouncer();
}

static void Map(WebApplication app)
{
    app.Use(CatalogOutage.AnswerAsync);
    app.MapOpenApi();
    app.MapWork();
    app.MapOperations();
    app.MapEvents();
    app.MapPoints();
    app.MapSchedules();
    app.MapRetention();
    app.MapArchives();
    app.MapStatus();
    app.MapWal();
    app.MapServices();
}
