using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StellaOps.Backup.Coordinator.Catalog.Migrations
{
    /// <inheritdoc />
    public partial class RequestHash : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "request_hash",
                table: "operations",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "request_hash",
                table: "operations");
        }
    }
}
