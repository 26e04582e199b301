namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>Something that makes measuring impossible: a program that is missing or fails.</summary>
public sealed class BenchmarkException(string message) : Exception(message);
