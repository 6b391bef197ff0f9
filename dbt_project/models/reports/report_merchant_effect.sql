-- report_merchant_effect 商户质量与低成本存款: how much cheap money do good merchants keep here, and how much is at risk?
--
-- One row per home branch, star level and alert level of the customers with a merchant contract that runs; who has several
-- shops counts once, by the weakest (label_merchant), with the settlement of all. Demand deposits are the customer's own
-- today, for the settlement account is seldom the only one.
select
    home_branch_id as branch_id,
    coalesce({{ as_text('merchant_star_level') }}, 'not_rated') as star_level,
    coalesce({{ as_text('merchant_alert_level') }}, 'not_rated') as alert_level,
    cast(count(*) as integer) as customer_count,
    cast(sum(merchant_count) as integer) as shop_count,
    {{ money('sum(merchant_all_settlement_30d_amount)') }} as settlement_30d_amount,
    {{ money('sum(demand_balance)') }} as demand_amount,
    {{ money('sum(deposit_balance)') }} as deposit_amount,
    {{ rate('sum(demand_balance)', 'sum(deposit_balance)') }} as demand_rate,
    {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_merchant
group by home_branch_id, merchant_star_level, merchant_alert_level
