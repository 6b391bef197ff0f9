{# The columns of card_spending: how bookings are put together (put_together), and what a booking adds. #}
{% macro card_use_columns() -%}
{%- set columns = {'last_used_on': ('max', 'case when is_use = 1 then biz_date end')} -%}
{%- for days in [30, 90, 91, 180] -%}
    {%- do columns.update({'spend_' ~ days ~ 'd_amount': ('money', within_days(days, 'spent_amount', '0'))}) -%}
{%- endfor -%}
{%- do columns.update({
    'bought_180d_amount': ('money', within_days(180, 'bought_amount', '0')),
    'instalment_180d_amount': ('money', within_days(180, 'case when is_instalment then bought_amount else 0 end', '0')),
    'large_ticket_90d_amount': ('money', within_days(90,
        'case when not is_instalment and bought_amount >= ' ~ threshold('card_large_ticket_from') ~ ' then bought_amount else 0 end', '0')),
    'purchase_90d_count': ('count', within_days(90, 'is_purchase', '0')),
}) -%}
{{ return(columns) }}
{%- endmacro %}

{# Cards and codes of shops with what was booked on days for which `days` holds; the rules stand at card_spending. #}
{% macro card_use_of(days) -%}
select
    card_id,
    mcc,
    {%- for name, (how, value) in card_use_columns().items() %}
    {{ put_together(how, value) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    select
        card_id,
        mcc,
        biz_date,
        case when is_refund then 0 else 1 end as is_use,
        case when channel <> 'atm' and not is_refund then amount else 0 end as bought_amount,
        case when channel = 'atm' then 0 when is_refund then -amount else amount end as spent_amount,
        case when channel = 'atm' or is_refund then 0 else 1 end as is_purchase,
        is_instalment
    from {{ ref('stg_cards__card_transactions') }}
    where biz_date > {{ plus_days(as_of(), -395) }} and {{ days }}
) as bookings
group by card_id, mcc
{%- endmacro %}
