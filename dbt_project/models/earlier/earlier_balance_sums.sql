-- earlier_balance_sums: what do the earlier days add to an account's levels and sums of daily balances?
--
-- One row per account with any change: every sum over its changes that balances and churn are made of (balance_sums), in
-- cents, with ages and windows of the business date.
select
    account_no,
    {%- for name, sum in balance_sums().items() %}
    cast({{ sum }} as bigint) as {{ name }},
    {%- endfor %}
    {{ as_of_column() }}
from (
    select
        account_no,
        {{ days_between(as_of(), 'changed_on') }} as age,
        cast(change_amount * 100 as bigint) as cents
    from {{ ref('earlier_balance_changes') }}
) as changes
group by account_no
