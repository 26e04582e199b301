using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.Postgres.Tests.Pages;

public sealed class PageChecksumsTests
{
    [Fact]
    public void A_page_of_ones_is_damaged_whatever_position_it_claims()
    {
        var page = new byte[PageChecksums.PageSize];
        Array.Fill(page, (byte)0xFF);
        Assert.False(PageChecksums.IsIntact(page, 0));
    }
}
