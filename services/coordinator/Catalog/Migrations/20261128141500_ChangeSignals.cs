using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StellaOps.Backup.Coordinator.Catalog.Migrations
{
    /// <inheritdoc />
    public partial class ChangeSignals : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(CatalogTriggers.OperationChanges);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(CatalogTriggers.NoOperationChanges);
        }
    }
}
