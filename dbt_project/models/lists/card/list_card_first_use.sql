-- list_card_first_use 首刷: whose new credit card has not been used yet?
--
-- Who: the card is not activated, or activated and never used, for at most 60 days.
-- Order: days, limit, use of the app.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where card_stage in ('not_activated', 'activated_unused')
    and card_unused_days <= {{ threshold('card_first_use_days', rule) }}
{% endcall %}
