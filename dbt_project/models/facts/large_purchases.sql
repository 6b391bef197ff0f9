-- large_purchases: who bought something for a large sum, and when?
--
-- One row per booking of 50 000 and more (thresholds.csv), of all the history there is.
select
    purchases.txn_id,
    accounts.customer_id,
    purchases.biz_date,
    purchases.amount,
    {{ as_of_column() }}
from (
    {{ purchases_from_large('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    union all
    select txn_id, account_no, biz_date, amount
    from {{ ref('earlier_large_purchases') }}
) as purchases
inner join {{ ref('deposit_accounts') }} as accounts on purchases.account_no = accounts.account_no
