using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>One stack for the tests of a class that do not disturb each other.</summary>
public sealed class SharedStack(PostgresFixture postgres, RabbitMqFixture rabbit) : IAsyncLifetime
{
    internal CoordinatorStack Stack { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }
    }
}
