-- label_lifecycle: where in the life of the relation does this customer stand, since when, and where did they stand before?
--
-- One row per customer; every customer is in exactly one stage, the first that holds of lost, dormant, returned, new,
-- declining, growing, mature. Leaving goes before growing: who is about to go is treated as such, however new. Returned
-- is who was lost or asleep and is neither now, for 90 days: they leave again more easily than others.
--
-- Since when is found again from history: the same question is asked at each month-end that the balances can show, of
-- what history still tells. Past growth is seen through the averages of month-ends, past silence through the blocks of
-- own acts, a past fall through the peaks of that day or the episode that still runs.
{% set points = churn_points() %}
{% set ends = month_ends(13) %}
{% set shift = 1 if points[1].age != age_of(ends[0]) | int else 0 %}
{% set past = [] %}
{% for point in points[1:] %}
    {% do past.append({
        'day': "cast('" ~ point.day ~ "' as date)",
        'age': point.age,
        'average': point.average,
        'was_lost': 'coalesce(peak_' ~ loop.index ~ '_amount >= ' ~ threshold('churn_min_peak') ~ ' and high_30d_' ~ loop.index
            ~ '_amount < ' ~ threshold('churn_lost_share') ~ ' * peak_' ~ loop.index ~ '_amount, false)',
    }) %}
{% endfor %}
with customers as (
    select
        balances.*,
        profiles.is_new_customer,
        coalesce(churn.churn_stage, 'not_rated') as churn_stage,
        churn.churn_episode_started_on,
        churn.churn_lost_since_on,
        coalesce(activity.is_dormant, false) as is_dormant,
        activity.dormant_since_on,
        greatest(balances.opened_on, coverage.transactions_from) as seen_from
    from {{ ref('customer_balances') }} as balances
    cross join {{ ref('data_coverage') }} as coverage
    inner join {{ ref('label_profile') }} as profiles on balances.customer_id = profiles.customer_id
    inner join {{ ref('label_churn') }} as churn on balances.customer_id = churn.customer_id
    inner join {{ ref('label_activity') }} as activity on balances.customer_id = activity.customer_id
),

acts as (
    select customer_id, seen_from as first_on, seen_from as last_on
    from customers
    union all
    select customer_id, first_on, last_on
    from {{ ref('initiative_blocks') }}
),

-- 180 days and more without an own act, the last of them up to today
silences as (
    select customer_id, quiet_since_on, woke_on
    from (
        select
            customer_id,
            last_on as quiet_since_on,
            coalesce(
                lead(first_on) over (partition by customer_id order by last_on nulls last, first_on nulls last),
                {{ plus_days(as_of(), 1) }}
            ) as woke_on
        from acts
    ) as gaps
    where {{ days_between('woke_on', 'quiet_since_on') }} >= {{ threshold('dormant_days') }}
),

-- who was low at the month-end before waking had been asleep
slept as (
    select
        silences.customer_id,
        silences.woke_on,
        {{ plus_days('silences.quiet_since_on', threshold('dormant_days')) }} as begins_on,
        coalesce(case
            {%- for month_end in ends %}
            when silences.woke_on > cast('{{ month_end }}' as date) then customers.month_end_avg_30d_{{ loop.index }}_amount
            {%- endfor %}
        end < {{ threshold('dormant_aum_below') }}, false) as was_low
    from silences
    inner join customers on silences.customer_id = customers.customer_id
),

sleep as (
    select
        customer_id,
        max(case when was_low and woke_on <= {{ as_of() }} and woke_on > {{ plus_days(as_of(), '-' ~ threshold('returned_days')) }} then woke_on end) as woke_on,
        {%- for point in past %}
        max(case when begins_on <= {{ point.day }} and woke_on > {{ point.day }} then 1 else 0 end) as silent_{{ loop.index }},
        max(case when was_low and woke_on <= {{ point.day }} and woke_on > {{ plus_days(point.day, '-' ~ threshold('returned_days')) }} then 1 else 0 end)
            as woken_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from slept
    group by customer_id
),

loans as (
    select
        customer_id,
        {%- for point in past %}
        max(case when opened_on <= {{ point.day }} and (settled_on is null or settled_on > {{ point.day }}) then 1 else 0 end)
            as loan_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_lending__loans') }}
    group by customer_id
),

-- what held on each of the days, by itself; a past day is judged where the customer and their balances go back to it
signs as (
    select
        customers.*,
        sleep.woke_on,
        false
        {%- for point in past if point.age <= threshold('returned_days') %}
        or {{ point.was_lost }}
        {%- endfor %} as was_lost_lately,
        {%- for point in past %}
        {%- set place = loop.index %}
        {%- set k = place + shift %}
        customers.history_days > {{ point.age }} and customers.{{ point.average }} is not null as is_judged_{{ place }},
        {{ point.was_lost }} as is_lost_{{ place }},
        coalesce(
            customers.dormant_since_on <= {{ point.day }}
            or (sleep.silent_{{ place }} = 1 and coalesce(loans.loan_{{ place }}, 0) = 0
                and customers.{{ point.average }} < {{ threshold('dormant_aum_below') }}), false
        ) as is_dormant_{{ place }},
        coalesce(sleep.woken_{{ place }}, 0) = 1
        {%- for earlier in past if earlier.age > point.age and earlier.age <= point.age + threshold('returned_days') %}
        or {{ earlier.was_lost }}
        {%- endfor %} as is_returned_{{ place }},
        -- case by case, since the engine works out every side of an `and`, and few have fallen so far
        case
            when customers.churn_episode_started_on <= {{ point.day }} then true
            when customers.history_days >= {{ point.age + 90 }}
                and peaks.peak_{{ place }}_amount >= {{ threshold('churn_min_peak') }}
                and peaks.peak_{{ place }}_amount - customers.{{ point.average }} >= {{ threshold('churn_min_drop') }}
                then {{ churn_rank(
                    'customers.' ~ point.average,
                    'case when customers.history_days >= ' ~ (point.age + 120) ~ ' then peaks.avg_31_120d_' ~ place ~ '_amount end',
                    'peaks.peak_' ~ place ~ '_amount',
                    'highs.high_30d_' ~ place ~ '_amount'
                ) }} >= 2
            else false
        end as is_declining_{{ place }},
        {%- if k + 5 <= 13 %}
        {%- set quarter %}{% for n in range(3) %}month_end_avg_30d_{{ k + n }}_amount{{ ' + ' if not loop.last }}{% endfor %}{% endset %}
        {%- set quarter_before %}{% for n in range(3, 6) %}month_end_avg_30d_{{ k + n }}_amount{{ ' + ' if not loop.last }}{% endfor %}{% endset %}
        coalesce(
            customers.history_days >= {{ point.age + 180 }}
            and {{ quarter }} >= ({{ quarter_before }}) * (1 + {{ threshold('growing_share') }})
            and {{ quarter }} >= {{ quarter_before }} + 3 * {{ threshold('growing_amount') }}, false
        ) as is_growing_{{ place }}{{ ',' if not loop.last }}
        {%- else %}
        false as is_growing_{{ place }}{{ ',' if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from customers
    left join {{ ref('customer_peaks') }} as peaks on customers.customer_id = peaks.customer_id
    left join {{ ref('customer_highs') }} as highs on customers.customer_id = highs.customer_id
    left join sleep on customers.customer_id = sleep.customer_id
    left join loans on customers.customer_id = loans.customer_id
),

stages as (
    select
        customer_id,
        opened_on,
        dormant_since_on,
        churn_lost_since_on,
        woke_on,
        case
            when churn_stage = 'lost' then 'lost'
            when is_dormant then 'dormant'
            when was_lost_lately or woke_on is not null then 'returned'
            when is_new_customer then 'new'
            when churn_stage in ('watch', 'warning', 'critical') then 'declining'
            when history_days >= 180
                and avg_90d_amount >= avg_91_180d_amount * (1 + {{ threshold('growing_share') }})
                and avg_90d_amount >= avg_91_180d_amount + {{ threshold('growing_amount') }} then 'growing'
            else 'mature'
        end as stage_0,
        {%- for point in past %}
        {%- set place = loop.index %}
        case
            when not is_judged_{{ place }} then null
            when is_lost_{{ place }} then 'lost'
            when is_dormant_{{ place }} then 'dormant'
            when is_returned_{{ place }} then 'returned'
            when {{ days_between(point.day, 'opened_on') }} <= {{ threshold('new_customer_days') }} then 'new'
            when is_declining_{{ place }} then 'declining'
            when is_growing_{{ place }} then 'growing'
            else 'mature'
        end as stage_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from signs
    {{ step_barrier('customer_id') }}
),

-- the newest past day with another stage, or with none
turns as (
    select
        *,
        case
            {%- for point in past %}
            when stage_{{ loop.index }} is distinct from stage_0 then {{ loop.index }}
            {%- endfor %}
        end as place
    from stages
    {{ step_barrier('customer_id') }}
),

changes as (
    select
        *,
        case place{% for point in past %} when {{ loop.index }} then {{ point.day }}{% endfor %} end as changed_after_on,
        case place{% for point in past %} when {{ loop.index }} then stage_{{ loop.index }}{% endfor %} end as stage_before,
        -- the day itself, where it is known
        case stage_0
            when 'lost' then {{ plus_days('churn_lost_since_on', 29) }}
            when 'dormant' then dormant_since_on
            when 'returned' then woke_on
            when 'new' then opened_on
        end as known_since_on
    from turns
)

select
    customer_id,
    stage_0 as lifecycle_stage,
    case
        when known_since_on <= {{ as_of() }} and coalesce(known_since_on > changed_after_on, true) then known_since_on
        when opened_on > changed_after_on then opened_on
        when stage_before is not null then {{ plus_days('changed_after_on', 1) }}
    end as stage_since_on,
    stage_before as previous_stage,
    {{ as_of_column() }}
from changes
