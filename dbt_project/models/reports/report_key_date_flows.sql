-- report_key_date_flows 关键时点流向: around the days that move money, how much goes to which bank, and is it unusual?
--
-- One row per home branch, kind of key date, the date, phase and the other side. Kinds: month_end and quarter_end
-- (key_date_days to it, and as many after it), spring_festival (its first day off; before, during and after the days off)
-- and pay_day (the month in which pay arrived; what moved within three days after the customer's own pay: 72 hours is
-- when it leaves). Movements from outside_movement_amount on, so that every date is told alike. The key_date_banks largest
-- banks are told by name. usual_net_amount: what the branch and bank move on so many average days; of pay days, whose
-- days differ by customer, it is not told. A window that begins before transactions are delivered is left out.
{% set span = threshold('key_date_days') %}
{% set festival = threshold('spring_festival_days') %}
with windows as (
    {% for month_end in month_ends(13) -%}
    {% set day = "cast('" ~ month_end ~ "' as date)" -%}
    {% for phase in ['before', 'after'] -%}
    select
        '{{ 'quarter_end' if month_end[5:7] in ['03', '06', '09', '12'] else 'month_end' }}' as kind,
        {{ day }} as key_on,
        '{{ phase }}' as phase,
        {{ plus_days(day, 1 - span if phase == 'before' else 1) }} as first_on,
        {{ plus_days(day, 0 if phase == 'before' else span) }} as last_on
    union all
    {% endfor -%}
    {% endfor -%}
    select
        'spring_festival' as kind,
        festivals.first_off as key_on,
        phases.phase,
        case phases.phase
            when 'before' then {{ plus_days('festivals.first_off', -festival) }}
            when 'during' then festivals.first_off
            else {{ plus_days('festivals.last_off', 1) }}
        end as first_on,
        case phases.phase
            when 'before' then {{ plus_days('festivals.first_off', -1) }}
            when 'during' then festivals.last_off
            else {{ plus_days('festivals.last_off', festival) }}
        end as last_on
    from (
        select min(cal_date) as first_off, max(cal_date) as last_off
        from {{ ref('stg_core__calendar') }}
        where not is_business_day and (holiday_name like '%春节%' or lower(holiday_name) like '%spring festival%')
        group by extract(year from cal_date)
    ) as festivals
    cross join (values ('before'), ('during'), ('after')) as phases (phase)
),

known_windows as (
    select
        windows.kind,
        windows.key_on,
        windows.phase,
        windows.first_on,
        {{ days_between('least(windows.last_on, ' ~ as_of() ~ ')', 'windows.first_on') }} + 1 as day_count,
        windows.last_on
    from windows
    cross join {{ ref('data_coverage') }} as coverage
    where windows.first_on >= coverage.transactions_from and windows.first_on <= {{ as_of() }}
),

movements as (
    select
        units.told_at as branch_id,
        flows.customer_id,
        flows.txn_id,
        flows.biz_date,
        flows.direction,
        flows.amount,
        coalesce(flows.counterparty_bank, flows.kind) as bank
    from {{ ref('outside_movements') }} as flows
    inner join {{ ref('stg_core__customers') }} as customers on flows.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
    where flows.amount >= {{ threshold('outside_movement_amount') }}
),

banks as (
    select bank
    from (select bank, sum(amount) as moved_amount from movements group by bank) as sums
    qualify row_number() over (order by moved_amount desc nulls last, bank nulls last) <= {{ threshold('key_date_banks') }}
),

daily as (
    select
        movements.branch_id,
        coalesce(banks.bank, 'other') as bank,
        movements.biz_date,
        sum(case when movements.direction = 'in' then movements.amount else 0 end) as in_amount,
        sum(case when movements.direction = 'out' then movements.amount else 0 end) as out_amount,
        count(*) as movement_count
    from movements
    left join banks on movements.bank = banks.bank
    group by movements.branch_id, coalesce(banks.bank, 'other'), movements.biz_date
),

usual as (
    select
        daily.branch_id,
        daily.bank,
        cast(sum(daily.in_amount - daily.out_amount) as double)
            / ({{ days_between(as_of(), 'min(coverage.transactions_from)') }} + 1) as net_a_day
    from daily
    cross join {{ ref('data_coverage') }} as coverage
    group by daily.branch_id, daily.bank
),

-- a movement soon after two pays is one
after_pay as (
    select
        movements.branch_id,
        movements.bank,
        movements.txn_id,
        movements.direction,
        movements.amount,
        last_day(max(pays.paid_on)) as key_on
    from movements
    inner join {{ ref('payroll_credits') }} as pays
        on movements.customer_id = pays.customer_id
        and movements.biz_date >= pays.paid_on
        and movements.biz_date <= {{ plus_days('pays.paid_on', 3) }}
    group by movements.branch_id, movements.bank, movements.txn_id, movements.direction, movements.amount
),

flows as (
    select
        daily.branch_id,
        windows.kind,
        windows.key_on,
        windows.phase,
        daily.bank,
        windows.day_count,
        sum(daily.in_amount) as in_amount,
        sum(daily.out_amount) as out_amount,
        sum(daily.movement_count) as movement_count
    from known_windows as windows
    inner join daily on windows.first_on <= daily.biz_date and windows.last_on >= daily.biz_date
    group by daily.branch_id, windows.kind, windows.key_on, windows.phase, daily.bank, windows.day_count
    union all
    select
        after_pay.branch_id,
        'pay_day' as kind,
        after_pay.key_on,
        'after' as phase,
        coalesce(banks.bank, 'other') as bank,
        cast(null as integer) as day_count,
        sum(case when after_pay.direction = 'in' then after_pay.amount else 0 end) as in_amount,
        sum(case when after_pay.direction = 'out' then after_pay.amount else 0 end) as out_amount,
        count(*) as movement_count
    from after_pay
    left join banks on after_pay.bank = banks.bank
    group by after_pay.branch_id, after_pay.key_on, coalesce(banks.bank, 'other')
)

select
    flows.branch_id,
    flows.kind,
    flows.key_on,
    flows.phase,
    flows.bank as counterparty_bank,
    cast(flows.movement_count as integer) as movement_count,
    {{ money('flows.in_amount') }} as in_amount,
    {{ money('flows.out_amount') }} as out_amount,
    {{ money('flows.in_amount - flows.out_amount') }} as net_amount,
    cast(floor(usual.net_a_day * flows.day_count * 100 + 0.5) / 100 as decimal(18, 2)) as usual_net_amount,
    {{ money("case when flows.phase = 'before' then flows.in_amount - flows.out_amount end") }} as before_net_amount,
    {{ money("case when flows.phase = 'after' then flows.in_amount - flows.out_amount end") }} as after_net_amount,
    {{ as_of_column() }}
from flows
inner join usual on flows.branch_id = usual.branch_id and flows.bank = usual.bank
