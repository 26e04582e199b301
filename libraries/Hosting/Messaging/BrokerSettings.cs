using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Hosting.Messaging;

/// <summary>Section <c>Broker</c>: RabbitMQ.</summary>
public sealed class BrokerSettings
{
    public const string Section = "Broker";

    [Required]
    public string Host { get; set; } = "localhost";

    [Range(1, 65535)]
    public ushort Port { get; set; } = 5672;

    [Required]
    public string VirtualHost { get; set; } = "/";

    [Required]
    public string Username { get; set; } = "stella";

    /// <summary>File whose first line is the password.</summary>
    [Required]
    public string? PasswordFile { get; set; }

    public bool UseTls { get; set; }
}
