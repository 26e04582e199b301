using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StellaOps.Backup.Coordinator.Catalog.Migrations
{
    /// <inheritdoc />
    public partial class Clusters : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_snapshots",
                table: "snapshots");

            migrationBuilder.AddColumn<string>(
                name: "cluster",
                table: "tasks",
                type: "character varying(40)",
                maxLength: 40,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "cluster",
                table: "snapshots",
                type: "character varying(40)",
                maxLength: 40,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "cluster",
                table: "proofs",
                type: "character varying(40)",
                maxLength: 40,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddPrimaryKey(
                name: "PK_snapshots",
                table: "snapshots",
                columns: new[] { "point_id", "component", "cluster" });

            // Before clusters had names there was one, and Database:Name was 'main' unless somebody had set it.
            migrationBuilder.Sql("UPDATE snapshots SET cluster = 'main' WHERE component = 'Database'; UPDATE proofs SET cluster = 'main' WHERE component = 'Database'; UPDATE tasks SET cluster = 'main' WHERE component = 'Database';");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_snapshots",
                table: "snapshots");

            migrationBuilder.DropColumn(
                name: "cluster",
                table: "tasks");

            migrationBuilder.DropColumn(
                name: "cluster",
                table: "snapshots");

            migrationBuilder.DropColumn(
                name: "cluster",
                table: "proofs");

            migrationBuilder.AddPrimaryKey(
                name: "PK_snapshots",
                table: "snapshots",
                columns: new[] { "point_id", "component" });
        }
    }
}
