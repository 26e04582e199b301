using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>Where a broker is; with its management interface where it is the tests' own.</summary>
internal sealed record BrokerAddress(string Host, int Port, string Username, string Password, Uri? Management)
{
    public static BrokerAddress Of(RabbitMqFixture fixture) => new(fixture.Host, fixture.Port, fixture.Username, fixture.Password, fixture.Private?.ManagementUrl);

    public static BrokerAddress Of(PrivateRabbitMq node) => new(node.Host, node.Port, node.Username, node.Password, node.ManagementUrl);
}
