using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Workers.Settings;

/// <summary>What the section of every component has (<c>Evidence</c>, <c>Config</c> ...). Named options; the name is the section.</summary>
public class ComponentSettings
{
    /// <summary>File whose first line is the password of the component's repository.</summary>
    [Required]
    public string? RepositoryPasswordFile { get; set; }

    /// <summary>Where test restores go.</summary>
    [Required]
    public string ScratchDirectory { get; set; } = "/var/lib/stellaops/scratch";

    /// <summary>Section of a component: <c>Evidence</c> ...</summary>
    public static string Section(Component component) => component.ToString();
}
