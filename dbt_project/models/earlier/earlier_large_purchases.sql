-- earlier_large_purchases: what was bought for a large sum on earlier days?
--
-- One row per booking; large_purchases says what counts.
select
    purchases.*,
    {{ as_of_column() }}
from (
    {{ purchases_from_large('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as purchases
