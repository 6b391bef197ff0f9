-- label_churn: is this customer's money leaving, since when, and where to?
--
-- One row per customer. A stage is judged on the business date and, in the same way, on every month-end before it that
-- history can show. The first of these points at watch or worse opens an episode; from then on the fall is measured
-- against what was fixed at its start as well: averages that follow the money down would call a leaver stable. The
-- episode is dated by the first day of the month it was seen in and its base by the month-end before, so that neither
-- moves from day to day. It ends when the average of 30 days is back at 90 % of the base, and the moving averages see no
-- fall either, or after 24 months: the base is an average, and whoever lives on a salary is below it before every pay
-- day, so that 30 single days above it would keep nearly all of them leavers. A one-day exit is at least a warning on
-- its day.
{% set points = churn_points() %}
{% set oldest = points | length - 1 %}
{% set stages = ['not_rated', 'stable', 'watch', 'warning', 'critical', 'lost'] %}

with exits as (
    select customer_id, max(exit_on) as exit_on
    from {{ ref('fast_exits') }}
    where exit_on >= {{ recent_since(1) }}
    group by customer_id
),

-- what is known at each point; its place ends the column's name, 0 for the business date
known as (
    select
        balances.customer_id,
        balances.customer_no,
        balances.history_days,
        balances.aum_amount,
        balances.avg_30d_amount,
        balances.avg_90d_amount,
        exits.exit_on is not null as has_exit,
        {%- for point in points %}
        {%- set place = loop.index0 %}
        balances.{{ point.average }} as average_{{ place }},
        case when balances.history_days >= {{ point.age + 90 }} then peaks.peak_{{ place }}_amount end as peak_{{ place }},
        case when balances.history_days >= {{ point.age + 120 }} then peaks.avg_31_120d_{{ place }}_amount end as quarter_{{ place }},
        case when balances.history_days >= {{ point.age + 90 }} then peaks.avg_90d_{{ place }}_amount end as base_now_{{ place }},
        highs.high_30d_{{ place }}_amount as high_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('customer_balances') }} as balances
    left join {{ ref('customer_peaks') }} as peaks on balances.customer_id = peaks.customer_id
    left join {{ ref('customer_highs') }} as highs on balances.customer_id = highs.customer_id
    left join exits on balances.customer_id = exits.customer_id
),

-- 0 not rated … 5 lost, by the averages of each point alone
judged as (
    select
        *,
        {%- for point in points %}
        {%- set place = loop.index0 %}
        case
            {%- if place == 0 %}
            when has_exit and coalesce(peak_0 - average_0, 0) < {{ threshold('churn_min_drop') }} then 3
            {%- endif %}
            when peak_{{ place }} >= {{ threshold('churn_min_peak') }} and peak_{{ place }} - average_{{ place }} >= {{ threshold('churn_min_drop') }}
                then {{ 'greatest(case when has_exit then 3 else 1 end, ' if place == 0 }}{{ churn_rank('average_' ~ place, 'quarter_' ~ place, 'peak_' ~ place, 'high_' ~ place) }}{{ ')' if place == 0 }}
            else 0
        end as rank_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from known
    {{ step_barrier('customer_id') }}
),

episodes_{{ oldest + 1 }} as (
    select
        *,
        cast(null as date) as started_{{ oldest + 1 }},
        cast(null as decimal(18, 2)) as fixed_base_{{ oldest + 1 }},
        cast(null as decimal(18, 2)) as fixed_peak_{{ oldest + 1 }}
    from judged
    where greatest({% for point in points %}rank_{{ loop.index0 }}{{ ', ' if not loop.last }}{% endfor %}, 0) >= 2
),

{% for point in points | reverse %}
{%- set place = oldest - loop.index0 %}
{%- set before = place + 1 %}
{%- set day = "cast('" ~ point.day ~ "' as date)" %}
{%- set base_before = 'base_now_' ~ before ~ ', ' if before <= oldest else '' %}
episodes_{{ place }} as (
    select
        *,
        started_{{ before }} is not null
        and not coalesce(
            (average_{{ place }} >= {{ threshold('churn_recovered_share') }} * fixed_base_{{ before }} and rank_{{ place }} < 2)
            or {{ day }} >= {{ plus_months('started_' ~ before, threshold('churn_episode_months')) }},
            false
        ) as goes_on_{{ place }},
        case
            when goes_on_{{ place }} then started_{{ before }}
            when rank_{{ place }} >= 2 then cast('{{ point.day[:8] }}01' as date)
        end as started_{{ place }},
        case
            when goes_on_{{ place }} then fixed_base_{{ before }}
            when rank_{{ place }} >= 2
                then coalesce({{ base_before }}base_now_{{ place }}, avg_90d_amount, average_{{ place }}, 0)
        end as fixed_base_{{ place }},
        case
            when goes_on_{{ place }} then fixed_peak_{{ before }}
            when rank_{{ place }} >= 2
                then coalesce(peak_{{ place }}, {{ base_before }}base_now_{{ place }}, avg_90d_amount, average_{{ place }}, 0)
        end as fixed_peak_{{ place }}
    from episodes_{{ before }}
    {{ step_barrier('customer_id') }}
),

{% endfor %}
staged as (
    select
        judged.customer_id,
        judged.customer_no,
        judged.aum_amount,
        case when judged.peak_0 >= {{ threshold('churn_min_peak') }} then {{ rate('judged.quarter_0 - judged.average_0', 'judged.quarter_0') }} end as drop_fast,
        case when judged.peak_0 >= {{ threshold('churn_min_peak') }} then {{ rate('judged.peak_0 - judged.average_0', 'judged.peak_0') }} end as drop_slow,
        judged.has_exit,
        episodes.started_0 as started_on,
        episodes.fixed_base_0 as base_amount,
        episodes.fixed_peak_0 as peak_amount,
        case
            when not coalesce(episodes.goes_on_0, false) then judged.rank_0
            else greatest(2, judged.rank_0, {{ churn_rank(
                'judged.average_0', 'episodes.fixed_base_0', 'episodes.fixed_peak_0', 'judged.high_0'
            ) }})
        end as rank
    from judged
    left join episodes_0 as episodes on judged.customer_id = episodes.customer_id
),

lost as (
    select customer_no from staged where rank = 5
),

losses as (
    select staged.customer_id, max(moves.next_on) as lost_since_on
    from staged
    inner join (
        select
            customer_no,
            sum(change_amount) over (partition by customer_no order by changed_on nulls last) as level,
            lead(changed_on) over (partition by customer_no order by changed_on nulls last) as next_on
        from (
            select customer_no, changed_on, sum(change_amount) as change_amount
            from (
                {{ changes_of('lost') }}
            ) as changes
            group by customer_no, changed_on
        ) as days
    ) as moves on staged.customer_no = moves.customer_no
    where moves.level >= {{ threshold('churn_lost_share') }} * staged.peak_amount
    group by staged.customer_id
),

-- the fall of a month often begins in the month before
leaving as (
    select
        customer_id,
        {{ plus_months('started_on', -1) }} as since_on,
        {{ threshold('churn_reason_share') }} * greatest(base_amount - aum_amount, {{ threshold('churn_min_drop') }}) as needed_amount
    from staged
    where rank >= 2
),

not_renewed as (
    select leaving.customer_id, sum(maturities.matured_amount - maturities.lying_amount) as amount
    from {{ ref('time_maturities') }} as maturities
    inner join leaving on maturities.customer_id = leaving.customer_id and maturities.matured_on >= leaving.since_on
    where not maturities.is_renewed
    group by leaving.customer_id
),

moved as (
    select
        leaving.customer_id,
        {%- for kind in ['own_name', 'securities', 'wealth'] %}
        sum(case when moves.kind = '{{ kind }}' then case when moves.direction = 'out' then moves.amount else -moves.amount end else 0 end)
            as {{ kind }}_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('outside_movements') }} as moves
    inner join leaving on moves.customer_id = leaving.customer_id and moves.biz_date >= leaving.since_on
    group by leaving.customer_id
),

bought as (
    select leaving.customer_id, sum(purchases.amount) as amount
    from {{ ref('large_purchases') }} as purchases
    inner join leaving on purchases.customer_id = leaving.customer_id and purchases.biz_date >= leaving.since_on
    group by leaving.customer_id
),

spent as (
    select leaving.customer_id, sum(flows.outflow_amount) as amount
    from {{ ref('customer_month_flows') }} as flows
    inner join leaving on flows.customer_id = leaving.customer_id and flows.month_end >= leaving.since_on
    group by leaving.customer_id
),

reasons as (
    select
        leaving.customer_id,
        case
            when not_renewed.amount >= leaving.needed_amount then 'matured_not_renewed'
            when moved.own_name_amount >= leaving.needed_amount then 'moved_to_other_bank'
            when moved.securities_amount >= leaving.needed_amount then 'to_securities'
            when moved.wealth_amount >= leaving.needed_amount then 'to_wealth_elsewhere'
            when bought.amount >= leaving.needed_amount then 'large_purchase'
            when spent.amount >= leaving.needed_amount then 'spent_down'
            else 'unknown'
        end as reason
    from leaving
    left join not_renewed on leaving.customer_id = not_renewed.customer_id
    left join moved on leaving.customer_id = moved.customer_id
    left join bought on leaving.customer_id = bought.customer_id
    left join spent on leaving.customer_id = spent.customer_id
)

select
    staged.customer_id,
    case staged.rank
        {%- for stage in stages %}
        when {{ loop.index0 }} then '{{ stage }}'
        {%- endfor %}
    end as churn_stage,
    staged.drop_fast as churn_drop_fast,
    staged.drop_slow as churn_drop_slow,
    staged.has_exit as has_fast_exit,
    staged.started_on as churn_episode_started_on,
    staged.base_amount as churn_base_avg90_amount,
    staged.peak_amount as churn_peak_before_loss_amount,
    losses.lost_since_on as churn_lost_since_on,
    reasons.reason as churn_reason,
    {{ as_of_column() }}
from staged
left join losses on staged.customer_id = losses.customer_id
left join reasons on staged.customer_id = reasons.customer_id
