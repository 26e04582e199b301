using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StellaOps.Backup.Coordinator.Catalog.Migrations
{
    /// <inheritdoc />
    public partial class Protection : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "holds",
                table: "points",
                type: "jsonb",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.AddColumn<string>(
                name: "pin",
                table: "points",
                type: "jsonb",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "holds",
                table: "points");

            migrationBuilder.DropColumn(
                name: "pin",
                table: "points");
        }
    }
}
