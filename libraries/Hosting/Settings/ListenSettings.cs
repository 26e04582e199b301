using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Section <c>Listen</c>.</summary>
internal sealed class ListenSettings
{
    public const string Section = "Listen";

    /// <summary>Where the service listens: addresses, separated by semicolons; port 0 takes a free one.</summary>
    [Required, RegularExpression("^https?://[^;]+(;https?://[^;]+)*$", ErrorMessage = "an http:// or https:// address is wanted; several are separated by ';'")]
    public string Url { get; set; } = "http://127.0.0.1:0";

    /// <summary>Each of the addresses.</summary>
    public IReadOnlyList<string> Addresses => Url.Split(';');
}
