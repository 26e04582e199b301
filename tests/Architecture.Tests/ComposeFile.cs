using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>A file of deploy/compose, with its anchors and merge keys resolved, and its variables as they are.</summary>
internal sealed class ComposeFile
{
    private readonly Dictionary<object, object> _root;

    private ComposeFile(string text)
    {
        Text = text;
        _root = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(new StringReader(text))));
        Services = Map(_root, "services").ToDictionary(pair => pair.Key, pair => new ComposeService(pair.Key, pair.Value));
    }

    /// <summary>compose.yaml and those that are laid over it, by name.</summary>
    public static IReadOnlyDictionary<string, ComposeFile> All { get; } =
        Directory.EnumerateFiles(SourceTree.PathOf("deploy/compose"), "compose*.yaml").ToDictionary(file => Path.GetFileName(file), file => new ComposeFile(File.ReadAllText(file)));

    public static ComposeFile Base => All["compose.yaml"];

    public string Text { get; }

    public IReadOnlyDictionary<string, ComposeService> Services { get; }

    /// <summary>Declared secrets with the names of their files.</summary>
    public IReadOnlyDictionary<string, string> Secrets =>
        Map(_root, "secrets").ToDictionary(pair => pair.Key, pair => Path.GetFileName((string)((Dictionary<object, object>)pair.Value)["file"]));

    internal static IEnumerable<KeyValuePair<string, object>> Map(Dictionary<object, object> parent, string key) =>
        parent.TryGetValue(key, out var value) && value is Dictionary<object, object> map ? map.Select(pair => KeyValuePair.Create((string)pair.Key, pair.Value)) : [];
}

/// <summary>One service of it.</summary>
internal sealed class ComposeService(string name, object definition)
{
    private readonly Dictionary<object, object> _definition = (Dictionary<object, object>)definition;

    public string Name => name;

    /// <summary>Null in a file that only adds to the service of another.</summary>
    public string? Image => Value("image");

    /// <summary>The program that its image is built from: the last part of a project's name.</summary>
    public string? Program => Build is not { } build ? null
        : build.TryGetValue("args", out var arguments) && ((Dictionary<object, object>)arguments).TryGetValue("PROGRAM", out var program) ? (string)program
        : (string)build["target"] == "database" ? "DatabaseBackup"
        : null;

    /// <summary>Whether it ends by itself: it is never started anew.</summary>
    public bool Ends => Value("restart") is null or "no";

    /// <summary>Names of the secrets that it sees.</summary>
    public IEnumerable<string> Secrets => List("secrets").Select(entry => entry is Dictionary<object, object> map ? (string)map["source"] : (string)entry);

    private Dictionary<object, object>? Build => _definition.TryGetValue("build", out var build) ? (Dictionary<object, object>)build : null;

    public bool Has(string key) => _definition.ContainsKey(key);

    public string? Value(string key) => _definition.TryGetValue(key, out var value) ? value as string : null;

    public IEnumerable<string> Strings(string key) => List(key).OfType<string>();

    private List<object> List(string key) => _definition.TryGetValue(key, out var value) && value is List<object> list ? list : [];
}
