using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Tests.Tasks;

/// <summary>What is left of a task's memory.</summary>
public sealed class IdleMemoryTests
{
    [Fact]
    public void Buffers_in_a_pool_that_nobody_has_any_more_are_given_back()
    {
        var buffer = FillPool();

        IdleMemory.GiveBack();

        Assert.False(buffer.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference FillPool()
    {
        // As the pools of a repository: each thread keeps what it gave back.
        var pool = new ConcurrentBag<byte[]> { GC.AllocateUninitializedArray<byte>(1 << 20) };
        pool.TryPeek(out var buffer);
        return new WeakReference(buffer);
    }
}
