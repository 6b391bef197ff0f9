-- list_market_move 市场事件: whom has the market touched, so that a call from us comes before the worry?
--
-- Who: a rate cut, a fall of a fund or a break-even missed in the last 10 days, with at least 50 000 exposed. Of several
-- the largest exposure is told.
-- Order: exposure, losses before cuts, a careful risk level, tier.
{% call(rule) marketing_list() %}
with moves as (
    select customer_id, event_code, detail, event_on, amount
    from {{ ref('customer_events') }}
    where event_code in ('rate_cut_affects', 'fund_drop_affects', 'break_even_missed')
        and event_on >= {{ recent_since(threshold('market_move_days', rule)) }}
        and amount >= {{ threshold('market_move_from', rule) }}
    qualify row_number() over (
        partition by customer_id order by amount desc nulls last, event_on desc nulls last, event_code, detail
    ) = 1
)

select
    customer_id as subject_id,
    amount as stake_amount,
    cast(null as date) as due_on,
    case when event_code = 'rate_cut_affects' then detail else event_code end as market_event,
    event_on as market_event_on,
    {{ money('amount') }} as market_exposure_amount
from moves
{% endcall %}
