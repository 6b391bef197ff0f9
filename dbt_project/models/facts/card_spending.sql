-- card_spending: what is each credit card used for, and since when not?
--
-- One row per card and category of shop with a booking in the last 395 days. The category is what the longest beginning of
-- the merchant category code says (patterns.csv, kind 'mcc'), else 'other'. Spend is purchases less refunds: drawing cash is
-- use of a card, but no spend.
{% set columns = card_use_columns() %}
with uses as (
    {{ card_use_of('biz_date > ' ~ late_to('cards.card_transactions')) }}
    union all
    select card_id, mcc, {{ columns | join(', ') }}
    from {{ ref('earlier_card_use') }}
),

-- the patterns are looked for in the different codes, not in every row
categories as (
    select codes.mcc, patterns.meaning as category
    from (select distinct mcc from uses) as codes
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'mcc' and codes.mcc like concat(patterns.pattern, '%')
    qualify row_number() over (partition by codes.mcc order by length(patterns.pattern) desc nulls last, patterns.pattern nulls last) = 1
)

select
    uses.card_id,
    coalesce(categories.category, 'other') as category,
    {%- for name, (how, value) in columns.items() %}
    {{ put_together(how, 'uses.' ~ name) }} as {{ name }},
    {%- endfor %}
    {{ as_of_column() }}
from uses
left join categories on uses.mcc = categories.mcc
group by uses.card_id, coalesce(categories.category, 'other')
