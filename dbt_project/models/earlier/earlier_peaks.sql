-- earlier_peaks: what was the highest 30-day sum of a customer's last year, as far as earlier days tell?
--
-- One row per customer who by then could have held the least peak that churn rates, in cents and with the columns of
-- peak_ctes. Peaks end 30 days before the business date, so that its own bookings change none of them; what can, the owner
-- of an account, the past of an investment or a spike, customer_peaks holds against today.
with able as (
    {{ able_to_peak(ref('earlier_accounts'), ref('earlier_customers')) }}
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} + 1 as known_days
    from {{ ref('earlier_coverage') }}
),

changes as (
    select
        all_changes.customer_no,
        {{ days_between(as_of(), 'all_changes.changed_on') }} as age,
        cast(all_changes.change_amount * 100 as bigint) as cents
    from {{ ref('earlier_customer_changes') }} as all_changes
    semi join able on all_changes.customer_no = able.customer_no
    where all_changes.changed_on <= {{ plus_days(as_of(), -29) }}
),

{{ peak_ctes(ref('earlier_spikes')) }}

select
    *,
    {{ as_of_column() }}
from peaks
where {{ is_built_ahead() }}
