using System.Globalization;
using System.Net.Security;
using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Hosting.Messaging;

/// <summary>MassTransit over RabbitMQ as every service uses it.</summary>
public static class BusExtensions
{
    /// <summary>Redeliveries after which the broker gives up on a message that kills its consumers.</summary>
    private const int DeliveryLimit = 50;

    /// <summary>AMQP over TLS: the transport speaks it on this port, whatever the settings say.</summary>
    private const ushort TlsPort = 5671;

    /// <summary>
    /// Adds the bus: durable quorum queues, publisher confirms, enums by name, names in kebab-case. The bus connects, and
    /// connects again, for ever: a broker that is away delays the service and never ends it. Call it before
    /// <c>AddAnnouncer</c> and before own hosted services, so that these stop while the bus can still send.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="register">Registers consumers, sagas and request clients.</param>
    /// <param name="configure">Further configuration of the transport, before the endpoints are made.</param>
    public static WebApplicationBuilder AddStellaBus(
        this WebApplicationBuilder builder,
        Action<IBusRegistrationConfigurator> register,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(register);
        builder.Services.AddSettings<BrokerSettings>(BrokerSettings.Section);
        builder.Services.Configure<MassTransitHostOptions>(options =>
        {
            options.WaitUntilStarted = false;
            options.StopTimeout = TimeSpan.FromSeconds(20);
            options.ConsumerStopTimeout = TimeSpan.FromSeconds(10);
        });
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();
            bus.AddConfigureEndpointsCallback((_, _, endpoint) => UseQuorumQueue(endpoint));
            bus.AddReceiveEndpointObserver<BrokerWatch>();
            register(bus);
            bus.UsingRabbitMq((context, transport) =>
            {
                Connect(transport, context.GetRequiredService<IOptions<BrokerSettings>>().Value);
                transport.ConfigureJsonSerializerOptions(json =>
                {
                    json.Converters.Add(new JsonStringEnumConverter());
                    return json;
                });
                configure?.Invoke(context, transport);
                transport.ConfigureEndpoints(context);
            });
        });
        return builder;
    }

    /// <summary>Makes an endpoint durable: its queue is replicated and survives the broker.</summary>
    public static void UseQuorumQueue(IReceiveEndpointConfigurator endpoint)
    {
        if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
        {
            rabbit.SetQuorumQueue();
            rabbit.SetQueueArgument("x-delivery-limit", DeliveryLimit);
        }
    }

    private static void Connect(IRabbitMqBusFactoryConfigurator transport, BrokerSettings settings) =>
        transport.Host(settings.Host, settings.Port, settings.VirtualHost, host =>
        {
            host.Username(settings.Username);
            host.Password(SecretFile.ReadFirstLine(settings.PasswordFile, $"{BrokerSettings.Section}:{nameof(settings.PasswordFile)}"));
            host.PublisherConfirmation = true;
            host.Heartbeat(TimeSpan.FromSeconds(10));
            host.ConnectionName(string.Create(CultureInfo.InvariantCulture, $"{AppDomain.CurrentDomain.FriendlyName}:{Environment.ProcessId}"));
            if (settings.UseTls || settings.Port == TlsPort)
            {
                host.UseSsl(tls => VerifyServer(tls, settings.Host));
            }
        });

    /// <summary>The transport by itself takes a certificate of any authority, and would tell whoever shows one the password.</summary>
    private static void VerifyServer(IRabbitMqSslConfigurator tls, string name)
    {
        tls.ServerName = name;
        tls.EnforcePolicyErrors(
            SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable);
    }
}
