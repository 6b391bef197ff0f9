-- report_deposit_targets 指标分解: what is each branch to hold this year, where does it stand, what must it still reach?
--
-- One row per branch, view and its key. View year, by metric: the target, what stands, and what is still needed. View
-- month: each month's target, daily average so far, the daily average its days left still need, what matures in it and
-- how many corporates opened. View term: balances by what they were deposited for. Empty without targets.
--
-- The bank's own year target (head office's row, else the sum of the branches') is split: to each branch its base (daily
-- average of last December, else the balance of its last day) and a part of the increase, by its share of the base
-- (target_history_weight), of its customers' wealth potential (target_potential_weight) and of the deposits that do not
-- mature within the year (target_maturity_weight). A branch's own target goes before its split. Still needed is the
-- target for all days of the year less what they have brought; the days left bear it in the shape that their months had
-- last year at the whole bank, all alike where that is not known: days gone and days left add up to the year's target.
-- Deposits are personal ones, at the account's branch.
{% set dates = modules.datetime %}
{% set today = dates.date.fromisoformat(var('as_of')) %}
{% set gone_days = (today - dates.date(today.year - 1, 12, 31)).days %}
{% set year_days = (dates.date(today.year, 12, 31) - dates.date(today.year - 1, 12, 31)).days %}
{% set month_lasts = {} %}
{% for year in [today.year - 1, today.year] %}
    {% for month in range(1, 13) %}
        {% do month_lasts.update({(year, month): dates.date(year + month // 12, month % 12 + 1, 1) - dates.timedelta(days=1)}) %}
    {% endfor %}
{% endfor %}
{% set new_year = "cast('" ~ today.year ~ "-01-01' as date)" %}
{% set december = "cast('" ~ (today.year - 1) ~ "-12-01' as date)" %}
{% set weights = threshold('target_history_weight') + threshold('target_potential_weight') + threshold('target_maturity_weight') %}
{% set needed_sum -%}
case
    when gone_sum < target_cents * {{ year_days }} then cast(target_cents * {{ year_days }} - gone_sum as double)
    when gone_sum is not null and target_cents is not null then 0
end
{%- endset %}
with months as (
    {% for month in range(1, 13) -%}
    {% set last = month_lasts[(today.year, month)] -%}
    {% set last_before = month_lasts[(today.year - 1, month)] -%}
    select
        cast('{{ last.replace(day=1).isoformat() }}' as date) as target_month,
        cast('{{ last.isoformat() }}' as date) as month_end,
        {{ [0, [(today - last).days + last.day, last.day] | min] | max }} as gone_days,
        cast('{{ last_before.replace(day=1).isoformat() }}' as date) as month_before,
        cast('{{ last_before.isoformat() }}' as date) as month_end_before,
        {{ last_before.day }} as before_days,
        {{ last.day }} as month_days,
        -- even growth from the last day of the year before, of which the year's mean is 1
        cast({{ (2 * (last - dates.date(today.year - 1, 12, 31)).days - last.day + 1) / (year_days + 1) }} as double) as ramp
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

units as (
    select unit.branch_id, unit.told_at
    from {{ units() }} as unit
    inner join {{ ref('stg_core__branches') }} as branches on unit.told_at = branches.branch_id
    where branches.level in ('branch', 'outlet')
),

targets as (
    select
        units.told_at as branch_id,
        targets.period,
        targets.metric,
        sum(targets.target_value) as target_value
    from {{ ref('stg_crm__targets') }} as targets
    inner join units on targets.branch_id = units.branch_id
    where targets.period like '{{ today.year }}%'
    group by units.told_at, targets.period, targets.metric
),

bank_targets as (
    select
        metric,
        coalesce(max(case when is_head then amount end), max(case when not is_head then amount end)) as amount
    from (
        select targets.metric, true as is_head, sum(targets.target_value) as amount
        from {{ ref('stg_crm__targets') }} as targets
        inner join {{ ref('stg_core__branches') }} as branches on targets.branch_id = branches.branch_id
        where branches.level = 'head' and targets.period = '{{ today.year }}'
        group by targets.metric
        union all
        select metric, false as is_head, sum(target_value) as amount
        from targets
        where period = '{{ today.year }}'
        group by metric
    ) as both_levels
    where metric in ('deposit_avg', 'deposit_time_avg')
    group by metric
),

account_units as (
    select
        deposits.account_no,
        units.told_at as branch_id,
        case
            when accounts.account_type = 'demand' then 'demand'
            when coalesce(accounts.term_months, 0) < 12 then '0-11'
            when accounts.term_months < 24 then '12-23'
            when accounts.term_months < 36 then '24-35'
            else '36+'
        end as term,
        accounts.matures_on,
        deposits.balance
    from {{ ref('stg_core__accounts') }} as accounts
    inner join {{ ref('deposit_accounts') }} as deposits on accounts.account_id = deposits.account_id
    inner join units on accounts.branch_id = units.branch_id
),

changes as (
    select
        account_units.branch_id,
        account_units.term,
        changes.month_end,
        sum(changes.cents) as cents,
        sum(changes.day_cents) as day_cents
    from {{ ref('deposit_months') }} as changes
    inner join account_units on changes.account_no = account_units.account_no
    group by account_units.branch_id, account_units.term, changes.month_end
),

-- what changed before a time stood on all of its days; what changed in it, from its own day on (day_cents, and each day
-- after its month)
terms as (
    select
        branch_id,
        term,
        sum(cents) as now_cents,
        sum(case when month_end < {{ new_year }} then cents else 0 end) as last_day_cents,
        sum(case when month_end < {{ december }} then cents * 31 when month_end < {{ new_year }} then day_cents else 0 end) as december_sum,
        sum(case
            when month_end < {{ new_year }} then cents * {{ gone_days }}
            else day_cents + cents * {{ days_between(as_of(), 'month_end') }}
        end) as year_sum
    from changes
    group by branch_id, term
),

month_sums as (
    select
        changes.branch_id,
        months.target_month,
        sum(case
            when changes.month_end < months.target_month then changes.cents * months.gone_days
            -- of the running month without the days to come
            when changes.month_end = months.month_end
                then changes.day_cents - changes.cents * ({{ days_between('months.month_end', 'months.target_month') }} + 1 - months.gone_days)
            else 0
        end) as gone_sum,
        sum(case
            when changes.month_end < months.month_before then changes.cents * months.before_days
            when changes.month_end = months.month_end_before then changes.day_cents
            else 0
        end) as before_sum
    from changes
    cross join months
    group by changes.branch_id, months.target_month
),

-- what the days left of each month weigh
season as (
    select
        months.target_month,
        months.gone_days,
        months.ramp,
        months.month_days - months.gone_days as left_days,
        coverage.balances_from <= months.target_month as is_known,
        case
            when min(case when months.month_days = months.gone_days or coverage.balances_from <= months.month_before then 1 else 0 end) over () = 1
                then cast(sum(month_sums.before_sum) as double) / months.before_days
            else 1
        end as weight
    from months
    cross join {{ ref('data_coverage') }} as coverage
    inner join month_sums on months.target_month = month_sums.target_month
    group by months.target_month, months.gone_days, months.ramp, months.month_days, months.month_before, months.before_days, coverage.balances_from
),

maturing as (
    select
        branch_id,
        cast(date_trunc('month', matures_on) as date) as target_month,
        sum(balance) as amount
    from account_units
    where term <> 'demand' and matures_on > {{ as_of() }} and matures_on < {{ plus_months(new_year, 12) }}
    group by branch_id, cast(date_trunc('month', matures_on) as date)
),

corporates as (
    select
        units.told_at as branch_id,
        cast(date_trunc('month', corporates.opened_on) as date) as target_month,
        count(*) as opened_count
    from {{ ref('stg_crm__corporates') }} as corporates
    inner join units on corporates.branch_id = units.branch_id
    where corporates.opened_on >= {{ new_year }} and corporates.opened_on <= {{ as_of() }}
    group by units.told_at, cast(date_trunc('month', corporates.opened_on) as date)
),

potentials as (
    select units.told_at as branch_id, sum(labels.wealth_potential) as potential
    from {{ ref('customer_labels') }} as labels
    inner join units on labels.home_branch_id = units.branch_id
    group by units.told_at
),

-- what each target is measured by, in cents; a year of which balances are not known from its first day on has no average
holdings as (
    {% for metric, terms in {'deposit_avg': 'true', 'deposit_time_avg': "term <> 'demand'"}.items() -%}
    select
        terms.branch_id,
        '{{ metric }}' as metric,
        sum(terms.now_cents) as now_cents,
        case
            when coverage.balances_from <= {{ december }} then cast(floor(cast(sum(terms.december_sum) as double) / 31 + 0.5) as bigint)
            when coverage.balances_from < {{ new_year }} then sum(terms.last_day_cents)
            else sum(terms.now_cents)
        end as base_cents,
        case when coverage.balances_from <= {{ new_year }} then sum(terms.year_sum) end as gone_sum
    from terms
    cross join {{ ref('data_coverage') }} as coverage
    where {{ terms | replace('term', 'terms.term') }}
    group by terms.branch_id, coverage.balances_from
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

parts as (
    select
        holdings.*,
        cast(bank_targets.amount * 100 as bigint) as bank_cents,
        sum(holdings.base_cents) over (partition by holdings.metric) as bank_base_cents,
        cast(holdings.base_cents as double) / nullif(sum(holdings.base_cents) over (partition by holdings.metric), 0) as history_part,
        cast(potentials.potential as double) / nullif(sum(potentials.potential) over (partition by holdings.metric), 0) as potential_part,
        cast(holdings.now_cents - coalesce(matures.cents, 0) as double)
            / nullif(sum(holdings.now_cents - coalesce(matures.cents, 0)) over (partition by holdings.metric), 0) as staying_part
    from holdings
    inner join bank_targets on holdings.metric = bank_targets.metric
    left join potentials on holdings.branch_id = potentials.branch_id
    left join (select branch_id, cast(sum(amount) * 100 as bigint) as cents from maturing group by branch_id) as matures
        on holdings.branch_id = matures.branch_id
),

rounded_down as (
    select
        *,
        base_cents + cast(floor(cast(bank_cents - bank_base_cents as double) * (
            {{ threshold('target_history_weight') }} * history_part
            + {{ threshold('target_potential_weight') }} * coalesce(potential_part, history_part)
            + {{ threshold('target_maturity_weight') }} * coalesce(staying_part, history_part)
        ) / {{ weights }}) as bigint) as down_cents
    from parts
),

-- whole cents; what rounding leaves falls to the largest
splits as (
    select
        *,
        down_cents + case when row_number() over (partition by metric order by base_cents desc nulls last, branch_id nulls last) = 1
            then bank_cents - sum(down_cents) over (partition by metric) else 0 end as split_cents
    from rounded_down
),

needs as (
    select
        splits.branch_id,
        splits.metric,
        splits.now_cents,
        splits.base_cents,
        splits.split_cents,
        splits.gone_sum,
        coalesce(cast(targets.target_value * 100 as bigint), splits.split_cents) as target_cents
    from splits
    left join targets on splits.branch_id = targets.branch_id and splits.metric = targets.metric and targets.period = '{{ today.year }}'
),

corporate_years as (
    select
        targets.branch_id,
        cast(targets.target_value as integer) as target_count,
        cast(coalesce(opened.opened_count, 0) as integer) as opened_count,
        -- each month left bears its part, the running one too
        cast(ceil(greatest(0, targets.target_value - coalesce(opened.opened_count, 0)) / {{ 13 - today.month }}) as integer) as needed_count
    from targets
    left join (select branch_id, sum(opened_count) as opened_count from corporates group by branch_id) as opened
        on targets.branch_id = opened.branch_id
    where targets.metric = 'new_corporate_accounts' and targets.period = '{{ today.year }}'
        and {{ delivered(ref('stg_crm__corporates')) }}
),

month_rows as (
    select
        needs.branch_id,
        season.target_month,
        coalesce(
            cast(coalesce(of_month.target_value, of_quarter.target_value) * 100 as bigint),
            needs.base_cents + cast(floor(cast(needs.target_cents - needs.base_cents as double) * season.ramp + 0.5) as bigint)
        ) as target_cents,
        case when season.gone_days > 0 and season.is_known
            then cast(floor(cast(month_sums.gone_sum as double) / season.gone_days + 0.5) as bigint) end as actual_cents,
        case when season.left_days > 0
            then cast(floor({{ needed_sum | replace('gone_sum', 'needs.gone_sum') | replace('target_cents', 'needs.target_cents') }}
                * season.weight / sum(season.weight * season.left_days) over (partition by needs.branch_id) + 0.5) as bigint) end as needed_cents,
        maturing.amount as maturing_amount,
        corporates.opened_count,
        case when season.left_days > 0 then corporate_years.needed_count end as needed_count,
        corporate_years.target_count,
        season.gone_days
    from needs
    cross join season
    inner join month_sums on needs.branch_id = month_sums.branch_id and season.target_month = month_sums.target_month
    left join targets as of_month
        on needs.branch_id = of_month.branch_id and of_month.metric = 'deposit_avg'
        and of_month.period = substr({{ as_text('season.target_month') }}, 1, 7)
    left join targets as of_quarter
        on needs.branch_id = of_quarter.branch_id and of_quarter.metric = 'deposit_avg'
        and of_quarter.period = concat('{{ today.year }}Q', {{ as_text('cast(extract(quarter from season.target_month) as integer)') }})
    left join maturing on needs.branch_id = maturing.branch_id and season.target_month = maturing.target_month
    left join corporates on needs.branch_id = corporates.branch_id and season.target_month = corporates.target_month
    left join corporate_years on needs.branch_id = corporate_years.branch_id
    where needs.metric = 'deposit_avg'
)

select
    branch_id,
    'year' as view,
    metric,
    cast(null as date) as target_month,
    {{ as_text('null') }} as term,
    {{ from_cents('target_cents') }} as target_amount,
    {{ from_cents('split_cents') }} as split_amount,
    case when gone_sum is not null then {{ mean_of('gone_sum', gone_days) }} end as actual_amount,
    {% if year_days > gone_days %}cast(floor({{ needed_sum }} / {{ year_days - gone_days }} + 0.5) / 100 as decimal(18, 2)){% else %}cast(null as decimal(18, 2)){% endif %} as needed_amount,
    {{ from_cents('now_cents') }} as now_amount,
    cast(null as decimal(18, 2)) as maturing_amount,
    cast(null as integer) as target_count,
    cast(null as integer) as opened_count,
    cast(null as integer) as needed_count,
    {{ rate('cast(gone_sum as double) / ' ~ gone_days, 'target_cents') }} as progress_rate,
    {{ as_of_column() }}
from needs
union all
select
    branch_id,
    'year' as view,
    'new_corporate_accounts' as metric,
    cast(null as date) as target_month,
    {{ as_text('null') }} as term,
    cast(null as decimal(18, 2)) as target_amount,
    cast(null as decimal(18, 2)) as split_amount,
    cast(null as decimal(18, 2)) as actual_amount,
    cast(null as decimal(18, 2)) as needed_amount,
    cast(null as decimal(18, 2)) as now_amount,
    cast(null as decimal(18, 2)) as maturing_amount,
    target_count,
    opened_count,
    needed_count,
    {{ rate('opened_count', 'target_count') }} as progress_rate,
    {{ as_of_column() }}
from corporate_years
union all
select
    branch_id,
    'month' as view,
    {{ as_text('null') }} as metric,
    target_month,
    {{ as_text('null') }} as term,
    {{ from_cents('target_cents') }} as target_amount,
    cast(null as decimal(18, 2)) as split_amount,
    {{ from_cents('actual_cents') }} as actual_amount,
    {{ from_cents('needed_cents') }} as needed_amount,
    cast(null as decimal(18, 2)) as now_amount,
    {{ money('maturing_amount') }} as maturing_amount,
    cast(null as integer) as target_count,
    case when target_count is not null and gone_days > 0 then cast(coalesce(opened_count, 0) as integer) end as opened_count,
    needed_count,
    {{ rate('actual_cents', 'target_cents') }} as progress_rate,
    {{ as_of_column() }}
from month_rows
union all
select
    terms.branch_id,
    'term' as view,
    {{ as_text('null') }} as metric,
    cast(null as date) as target_month,
    terms.term,
    cast(null as decimal(18, 2)) as target_amount,
    cast(null as decimal(18, 2)) as split_amount,
    case when coverage.balances_from <= {{ new_year }} then {{ mean_of('terms.year_sum', gone_days) }} end as actual_amount,
    cast(null as decimal(18, 2)) as needed_amount,
    {{ from_cents('terms.now_cents') }} as now_amount,
    {{ money('matures.amount') }} as maturing_amount,
    cast(null as integer) as target_count,
    cast(null as integer) as opened_count,
    cast(null as integer) as needed_count,
    cast(null as decimal(9, 6)) as progress_rate,
    {{ as_of_column() }}
from terms
cross join {{ ref('data_coverage') }} as coverage
semi join splits on terms.branch_id = splits.branch_id
left join (
    select branch_id, term, sum(balance) as amount
    from account_units
    where term <> 'demand' and matures_on > {{ as_of() }} and matures_on < {{ plus_months(new_year, 12) }}
    group by branch_id, term
) as matures on terms.branch_id = matures.branch_id and terms.term = matures.term
