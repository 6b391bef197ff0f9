-- list_merchant_credit 商户信贷: which shop trades steadily enough to carry a loan, and has none here?
--
-- Who: alert level 0 or 1, settlement of 30 days at least 80 % of the mean of the last six such windows, takings in each
-- of the six months, three stars or more, no business loan nor a limit lying undrawn, not suspicious.
-- Order: settlement, steadiness, what stays on the account, stars.
{% call(rule) marketing_list() %}
with takings as (
    select merchants.customer_id, sum(greatest(daily.amount - daily.refund_amount, 0)) as six_months_amount
    from {{ ref('stg_acquiring__merchant_daily') }} as daily
    inner join {{ ref('stg_acquiring__merchants') }} as merchants on daily.merchant_id = merchants.merchant_id
    where daily.biz_date > {{ plus_days(as_of(), -180) }} and daily.biz_date <= {{ as_of() }} and merchants.status <> 'closed'
    group by merchants.customer_id
)

select
    labels.customer_id as subject_id,
    3 * labels.merchant_all_settlement_30d_amount as stake_amount,
    cast(null as date) as due_on
from takings
inner join {{ ref('customer_labels') }} as labels on takings.customer_id = labels.customer_id
where labels.is_merchant
    and not labels.is_merchant_suspicious
    and labels.merchant_alert_level <= {{ threshold('merchant_credit_alert_to', rule) }}
    and 6 * labels.merchant_all_settlement_30d_amount >= takings.six_months_amount * {{ threshold('merchant_credit_share', rule) }}
    and labels.merchant_active_months_6m >= {{ threshold('merchant_credit_months', rule) }}
    and labels.merchant_star_level >= {{ threshold('merchant_credit_star', rule) }}
    and not labels.has_business_loan
    and not coalesce(labels.has_unused_limit, false)
    and coalesce(labels.is_credit_eligible_business, true)
{% endcall %}
