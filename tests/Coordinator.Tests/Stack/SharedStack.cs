using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>One stack for the tests of a class, since a coordinator takes seconds to start: they do not disturb each other, or each clears it first.</summary>
public class SharedStack(PostgresFixture postgres, RabbitMqFixture rabbit) : IAsyncLifetime
{
    internal CoordinatorStack Stack { get; private set; } = null!;

    /// <summary>Settings on top of the usual ones.</summary>
    protected virtual IReadOnlyDictionary<string, string?>? Settings => null;

    public async ValueTask InitializeAsync() => Stack = await CoordinatorStack.StartAsync(postgres, rabbit, Settings, CancellationToken.None);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }
    }
}
