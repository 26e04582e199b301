using System.Globalization;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>A local account, from <c>/etc/passwd</c>.</summary>
/// <param name="Name">Login name.</param>
/// <param name="UserId">Numeric user id.</param>
/// <param name="GroupId">Numeric id of the primary group.</param>
public sealed record Account(string Name, uint UserId, uint GroupId)
{
    /// <summary>Finds an account by its name; null when there is none.</summary>
    public static Account? Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length > 3 && fields[0] == name
                && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out var user)
                && uint.TryParse(fields[3], CultureInfo.InvariantCulture, out var group))
            {
                return new Account(name, user, group);
            }
        }

        return null;
    }

    /// <summary>The account of this process.</summary>
    public static Account Current()
    {
        // "Uid:  real  effective  saved  filesystem"
        var status = File.ReadAllLines("/proc/self/status");
        return new Account(Environment.UserName, Effective(status, "Uid:"), Effective(status, "Gid:"));
    }

    private static uint Effective(string[] status, string field) => uint.Parse(
        status.First(line => line.StartsWith(field, StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);
}
