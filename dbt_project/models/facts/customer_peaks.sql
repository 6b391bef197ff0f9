-- customer_peaks: what was the highest 30-day average of a customer's last year, seen from today and from the month-ends
-- before?
--
-- One row per customer who can ever have held the least peak that churn rates; nobody else is rated, and this is the
-- costliest model. A point is the business date or a month-end; its columns end in its place, 0 for the business date.
-- How peaks are found: peak_ctes. What earlier days have found is taken where nothing that it rests on is told otherwise
-- today: the owners of accounts, the past of investments, spikes, the first day of complete balances.
{% set points = churn_points() %}
with able_today as (
    {{ able_to_peak(ref('deposit_accounts'), ref('customer_numbers')) }}
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} + 1 as known_days
    from {{ ref('data_coverage') }}
),

moved_accounts as (
    select
        earlier.customer_no as former_no,
        accounts.customer_no as new_no
    from {{ ref('earlier_accounts') }} as earlier
    left join {{ ref('deposit_accounts') }} as accounts on earlier.account_no = accounts.account_no
    where earlier.first_balance_on is not null and earlier.customer_no is distinct from accounts.customer_no
),

told_otherwise as (
    select former_no as customer_no from moved_accounts
    union all
    select new_no as customer_no from moved_accounts
    union all
    select customer_no
    from (
        select customer_no, changed_on, change_amount
        from {{ ref('new_balance_changes') }}
        where account_no is null
        union all
        select customer_no, changed_on, -change_amount as change_amount
        from {{ ref('earlier_holding_changes') }}
    ) as investments
    where changed_on <= {{ plus_days(as_of(), -29) }}
    group by customer_no, changed_on
    having sum(change_amount) <> 0
    union all
    select customer_no
    from (
        select customer_no, first_on, last_on, 1 as side from {{ ref('quarter_end_spikes') }}
        union all
        select customer_no, first_on, last_on, -1 as side from {{ ref('earlier_spikes') }}
    ) as spikes
    group by customer_no, first_on, last_on
    having sum(side) <> 0
),

standing as (
    select earlier.*
    from {{ ref('earlier_peaks') }} as earlier
    cross join {{ ref('earlier_coverage') }} as earlier_coverage
    semi join {{ ref('data_coverage') }} as coverage on earlier_coverage.balances_from = coverage.balances_from
    semi join able_today on earlier.customer_no = able_today.customer_no
    anti join told_otherwise on earlier.customer_no = told_otherwise.customer_no
),

able as (
    select able_today.customer_no
    from able_today
    anti join standing on able_today.customer_no = standing.customer_no
),

changes as (
    {{ aged_changes_of('able') }}
    where changed_on <= {{ plus_days(as_of(), -29) }}
),

{{ peak_ctes(ref('quarter_end_spikes')) }},

all_peaks as (
    select
        customer_no,
        {%- for point in points %}
        peak_{{ loop.index0 }},
        {%- endfor %}
        peak_with_age
    from peaks
    union all
    select
        customer_no,
        {%- for point in points %}
        peak_{{ loop.index0 }},
        {%- endfor %}
        peak_with_age
    from standing
)

select
    customer_numbers.customer_id,
    {{ plus_days(as_of(), '-(all_peaks.peak_with_age % 512)') }} as peak_on,
    {%- for point in points %}
    {{ mean_of('all_peaks.peak_' ~ loop.index0, 30) }} as peak_{{ loop.index0 }}_amount,
    case when known.known_days >= {{ point.age + 90 }} then {{ mean_of('sums.point_90d_' ~ loop.index0, 90) }} end
        as avg_90d_{{ loop.index0 }}_amount,
    case when known.known_days >= {{ point.age + 120 }} then {{ mean_of('sums.point_31_120d_' ~ loop.index0, 90) }} end
        as avg_31_120d_{{ loop.index0 }}_amount,
    {%- endfor %}
    {{ as_of_column() }}
from all_peaks
cross join known
inner join {{ ref('customer_balance_sums') }} as sums on all_peaks.customer_no = sums.customer_no
inner join {{ ref('customer_numbers') }} as customer_numbers on all_peaks.customer_no = customer_numbers.customer_no
