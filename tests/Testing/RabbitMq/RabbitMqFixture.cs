using Testcontainers.RabbitMq;
using Xunit;

namespace StellaOps.Backup.Testing.RabbitMq;

/// <summary>
/// One RabbitMQ for a test assembly or collection: the one that <c>STELLA_TEST_RABBITMQ</c> names
/// (<c>amqp://user:password@host:port/</c>), else a private native node, else a container.
/// </summary>
public sealed class RabbitMqFixture : IAsyncLifetime
{
    private RabbitMqContainer? _container;

    /// <summary>Host name.</summary>
    public string Host { get; private set; } = "";

    /// <summary>AMQP port.</summary>
    public int Port { get; private set; }

    /// <summary>Account with all rights.</summary>
    public string Username { get; private set; } = "";

    /// <summary>Its password.</summary>
    public string Password { get; private set; } = "";

    /// <summary>The private node; null when it is someone else's or in a container.</summary>
    public PrivateRabbitMq? Private { get; private set; }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("STELLA_TEST_RABBITMQ") is { Length: > 0 } given)
        {
            Use(new Uri(given));
            return;
        }

        try
        {
            Private = await PrivateRabbitMq.StartAsync();
            (Host, Port, Username, Password) = (Private.Host, Private.Port, Private.Username, Private.Password);
        }
        catch (InvalidOperationException missing)
        {
            await StartContainerAsync(missing);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Private is not null)
        {
            await Private.DisposeAsync();
        }

        if (_container is not null)
        {
            await _container.DisposeAsync();
        }
    }

    private void Use(Uri address)
    {
        var account = address.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        (Host, Port) = (address.Host, address.IsDefaultPort || address.Port < 0 ? 5672 : address.Port);
        (Username, Password) = account.Length == 2 ? (account[0], account[1]) : ("guest", "guest");
    }

    private async Task StartContainerAsync(InvalidOperationException missing)
    {
        try
        {
            _container = new RabbitMqBuilder("rabbitmq:3-management").Build();
            await _container.StartAsync();
            Use(new Uri(_container.GetConnectionString()));
        }
        catch (Exception container)
        {
            throw new InvalidOperationException(
                $"no RabbitMQ for the tests. STELLA_TEST_RABBITMQ is not set; a private node: {missing.Message}; a container: {container.Message}", container);
        }
    }
}
