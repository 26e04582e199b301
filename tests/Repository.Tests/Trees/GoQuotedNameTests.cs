using System.Buffers;
using System.Text;
using CsCheck;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Trees;

public sealed class GoQuotedNameTests
{
    [Theory]
    [InlineData("plain name.txt", "plain name.txt")]
    [InlineData("a\"b'c", "a\\\"b'c")]
    [InlineData("back\\slash", "back\\\\slash")]
    [InlineData("\a\b\f\n\r\t\v", "\\a\\b\\f\\n\\r\\t\\v")]
    [InlineData("\u0001\u007f", "\\x01\\x7f")]
    [InlineData("é日本😀", "é日本😀")]
    [InlineData("\u00a0\u200d\u2028\ufeff", "\\u00a0\\u200d\\u2028\\ufeff")]
    [InlineData("\u0085", "\\u0085")]
    [InlineData("\U000e0001", "\\U000e0001")]
    public void A_name_is_quoted_as_Go_does_it(string name, string quoted) => Assert.Equal(quoted, Quote(Encoding.UTF8.GetBytes(name)));

    [Fact]
    public void Bytes_that_are_not_UTF8_are_escaped_one_by_one() => Assert.Equal("a\\xff\\xed\\xa0\\x80\\xc3", Quote([0x61, 0xff, 0xed, 0xa0, 0x80, 0xc3]));

    [Fact]
    public void Every_name_comes_back_from_its_quoted_form() => Gen.Byte.Array[0, 40].Sample(name =>
    {
        Assert.True(GoQuotedName.TryUnquote(Encoding.UTF8.GetBytes(Quote(name)), out var back));
        Assert.Equal(name, back);
    });

    [Fact]
    public void Hard_names_come_back()
    {
        foreach (var name in SampleTree.HardNames)
        {
            Assert.True(GoQuotedName.TryUnquote(Encoding.UTF8.GetBytes(Quote(name)), out var back));
            Assert.Equal(name, back);
        }
    }

    [Theory]
    [InlineData("\\")]
    [InlineData("\\q")]
    [InlineData("\\'")]
    [InlineData("\\x1")]
    [InlineData("\\xzz")]
    [InlineData("\\ud800")]
    [InlineData("\\U00110000")]
    [InlineData("\\777")]
    [InlineData("\\18a")]
    [InlineData("a\"b")]
    public void What_Go_would_not_accept_is_refused(string quoted) => Assert.False(GoQuotedName.TryUnquote(Encoding.UTF8.GetBytes(quoted), out _));

    [Fact]
    public void Octal_escapes_are_read() =>
        Assert.True(GoQuotedName.TryUnquote("\\101\\377"u8, out var name) && name.AsSpan().SequenceEqual<byte>([0x41, 0xff]));

    private static string Quote(ReadOnlySpan<byte> name)
    {
        var quoted = new ArrayBufferWriter<byte>();
        GoQuotedName.Quote(name, quoted);
        return Encoding.UTF8.GetString(quoted.WrittenSpan);
    }
}
