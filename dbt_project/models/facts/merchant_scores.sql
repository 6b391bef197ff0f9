-- merchant_scores: how many of the 100 points of the star table does each merchant reach?
--
-- One row per merchant whose contract is not closed: the parts and the score on the business date, and the score on the
-- two latest month-ends, each from what its own windows hold. Products held have no history: today's count everywhere.
-- Weeks run from Monday to Sunday, so that a weekend trade is steady; no score before 13 complete ones are seen.
{% set checks = [var('as_of')] + month_ends(2) %}
{% set day_of = modules.datetime.date.fromisoformat %}
{% set day_after = modules.datetime.timedelta(days=1) %}
{% set oldest = checks | min %}
{% set newest_week_end = day_of(var('as_of')) - day_after * (day_of(var('as_of')).isoweekday() % 7) %}
-- for each check: its day, and how many weeks its last complete week lies before the newest
{% set points = [] %}
{% for check in checks %}
    {% set week_end = day_of(check) - day_after * (day_of(check).isoweekday() % 7) %}
    {% do points.append({
        'day': "cast('" ~ check ~ "' as date)",
        'weeks_back': (newest_week_end - week_end).days // 7,
        'weeks_from': "cast('" ~ (week_end - day_after * 90) ~ "' as date)",
    }) %}
{% endfor %}
{% set weeks = (points | map(attribute='weeks_back') | max) + 13 %}
with first_delivered as (
    select min(biz_date) as day
    from {{ ref('stg_acquiring__merchant_daily') }}
),

merchants as (
    select
        merchants.merchant_id,
        merchants.customer_id,
        merchants.settlement_account_id,
        greatest(merchants.signed_on, first_delivered.day) as known_from
    from {{ ref('stg_acquiring__merchants') }} as merchants
    cross join first_delivered
    where merchants.status <> 'closed'
),

months as (
    select
        merchant_id,
        {% for point in points -%}
        sum(case when biz_date > {{ plus_days(point.day, -30) }} and biz_date <= {{ point.day }} then greatest(amount - refund_amount, 0) else 0 end) as settled_{{ loop.index0 }},
        sum(case when biz_date > {{ plus_days(point.day, -30) }} and biz_date <= {{ point.day }} then payer_count else 0 end) as payers_{{ loop.index0 }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_acquiring__merchant_daily') }}
    where biz_date > {{ plus_days("cast('" ~ oldest ~ "' as date)", -30) }}
    group by merchant_id
),

-- whole cents, so that squares add up alike everywhere
weekly as (
    select
        merchant_id,
        cast(floor({{ days_between("cast('" ~ newest_week_end ~ "' as date)", 'biz_date') }} / 7) as integer) as weeks_ago,
        cast(cast(sum(greatest(amount - refund_amount, 0)) * 100 as bigint) as decimal(18, 0)) as cents
    from {{ ref('stg_acquiring__merchant_daily') }}
    where biz_date <= cast('{{ newest_week_end }}' as date)
        and biz_date > {{ plus_days("cast('" ~ newest_week_end ~ "' as date)", '-' ~ (weeks * 7)) }}
    group by
        merchant_id,
        cast(floor({{ days_between("cast('" ~ newest_week_end ~ "' as date)", 'biz_date') }} / 7) as integer)
),

quarters as (
    select
        merchant_id,
        {% for point in points -%}
        {% set within = 'weeks_ago >= ' ~ point.weeks_back ~ ' and weeks_ago < ' ~ (point.weeks_back + 13) -%}
        cast(sum(case when {{ within }} then cents else 0 end) as decimal(18, 0)) as cents_{{ loop.index0 }},
        sum(case when {{ within }} then cents * cents else 0 end) as squares_{{ loop.index0 }}{{ ',' if not loop.last }}
        {% endfor %}
    from weekly
    group by merchant_id
),

-- the settlement account's average balances: each balance weighs the days that it stood
balances as (
    select
        balances.account_id,
        greatest(balances.balance, 0) as balance,
        balances.biz_date as stood_from,
        coalesce(
            lead(balances.biz_date) over (partition by balances.account_id order by balances.biz_date nulls last),
            {{ plus_days(as_of(), 1) }}
        ) as stood_until
    from {{ ref('stg_core__account_balances') }} as balances
    semi join merchants on balances.account_id = merchants.settlement_account_id
    -- every open account has a row on each month's last day
    where balances.biz_date >= last_day({{ plus_months(plus_days("cast('" ~ oldest ~ "' as date)", -29), -1) }})
),

kept as (
    select
        account_id,
        {% for point in points -%}
        sum(balance * greatest({{ days_between('least(stood_until, ' ~ plus_days(point.day, 1) ~ ')', 'greatest(stood_from, ' ~ plus_days(point.day, -29) ~ ')') }}, 0)) as balance_days_{{ loop.index0 }}{{ ',' if not loop.last }}
        {% endfor %}
    from balances
    group by account_id
),

products as (
    select products.customer_id, count(*) as product_count
    from {{ ref('customer_products') }} as products
    semi join merchants on products.customer_id = merchants.customer_id
    where products.category not in ('{{ uncounted_products() | join("', '") }}')
    group by products.customer_id
),

measured as (
    select
        merchants.merchant_id,
        merchants.known_from,
        coalesce(products.product_count, 0) as product_count,
        {% for point in points -%}
        {% set cents = 'quarters.cents_' ~ loop.index0 -%}
        merchants.known_from <= {{ point.weeks_from }} as is_known_{{ loop.index0 }},
        coalesce(months.settled_{{ loop.index0 }}, 0) as settled_{{ loop.index0 }},
        coalesce(months.payers_{{ loop.index0 }}, 0) as payers_{{ loop.index0 }},
        case
            when merchants.known_from <= {{ point.weeks_from }}
                then {{ rate('sqrt(cast(13 * quarters.squares_' ~ loop.index0 ~ ' - cast(' ~ cents ~ ' as decimal(38, 0)) * ' ~ cents ~ ' as double))', cents) }}
        end as weekly_cv_{{ loop.index0 }},
        {{ rate('kept.balance_days_' ~ loop.index0, 'months.settled_' ~ loop.index0 ~ ' * 30') }} as retained_{{ loop.index0 }}{{ ',' if not loop.last }}
        {% endfor %}
    from merchants
    left join months on merchants.merchant_id = months.merchant_id
    left join quarters on merchants.merchant_id = quarters.merchant_id
    left join kept on merchants.settlement_account_id = kept.account_id
    left join products on merchants.customer_id = products.customer_id
)

select
    merchant_id,
    known_from,
    cast(payers_0 as integer) as payer_count,
    weekly_cv_0 as weekly_cv,
    retained_0 as retained_share,
    cast(product_count as integer) as product_count,
    {% for point in points -%}
    case
        when is_known_{{ loop.index0 }} then cast(
            {{ star_points('settlement', 'settled_' ~ loop.index0, 4) }}
            + {{ star_points('payers', 'payers_' ~ loop.index0, 4) }}
            + {{ star_points('cv', 'weekly_cv_' ~ loop.index0, 3, at_most=true) }}
            + {{ star_points('retained', 'retained_' ~ loop.index0, 3) }}
            + {{ star_points('products', 'product_count', 3) }} as integer
        )
    end as {{ 'star_score' if loop.first else 'star_score_month_end_' ~ loop.index0 }},
    {% endfor -%}
    {{ as_of_column() }}
from measured
