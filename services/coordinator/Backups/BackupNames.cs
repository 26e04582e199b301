using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>Names of points: each is used once, among the points there are and the backups under way.</summary>
internal sealed partial class BackupNames(CatalogContext catalog, TimeProvider clock)
{
    /// <summary>The wanted name if it is right and free, or one made of the time.</summary>
    /// <exception cref="BackupException"><c>input.invalid</c>, <c>input.duplicate-name</c>.</exception>
    public async Task<string> ChooseAsync(string? wanted, CancellationToken cancellationToken)
    {
        if (wanted is null)
        {
            return await MakeAsync("backup", cancellationToken);
        }

        if (!Allowed().IsMatch(wanted))
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"'{wanted}' cannot be the name of a backup",
                "Use 1 to 100 letters, digits, dots, hyphens and underscores.");
        }

        if (ArchiveAddress.IsReserved(wanted))
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"'{wanted}' cannot be the name of a backup: {ArchiveAddress.LatestFull} is the archive of the newest full backup of each destination, and any newer one would take its place there",
                "Choose another name.");
        }

        return await IsTakenAsync(wanted, cancellationToken)
            ? throw new BackupException(ErrorCodes.DuplicateName, $"the name '{wanted}' is taken by another recovery point or a backup under way")
            : wanted;
    }

    /// <summary>A free name: <c>database-20260117-020041</c>.</summary>
    public Task<string> MakeAsync(string prefix, CancellationToken cancellationToken) =>
        MakeFreeAsync(string.Create(CultureInfo.InvariantCulture, $"{prefix}-{clock.GetUtcNow():yyyyMMdd-HHmmss}"), cancellationToken);

    /// <summary>The wanted name, or one with a number behind it where that is taken.</summary>
    public async Task<string> MakeFreeAsync(string wanted, CancellationToken cancellationToken)
    {
        var name = wanted;
        for (var i = 2; await IsTakenAsync(name, cancellationToken); i++)
        {
            name = $"{wanted}-{i}";
        }

        return name;
    }

    /// <summary>Whether a point has the name, or will when what is under way has ended.</summary>
    public async Task<bool> IsTakenAsync(string name, CancellationToken cancellationToken) =>
        await catalog.Points.AnyAsync(point => point.Name == name, cancellationToken)
        || await catalog.Operations.AnyAsync(
            operation => (operation.Kind == OperationKind.Backup || operation.Kind == OperationKind.Undelete) && operation.PointName == name && operation.CurrentState != nameof(OperationState.Finished),
            cancellationToken);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex Allowed();
}
