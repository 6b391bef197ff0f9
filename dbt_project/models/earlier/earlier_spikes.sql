-- earlier_spikes: who had brought money for a quarter-end's date alone, by the earlier days?
--
-- One row per customer and quarter-end, as quarter_end_spikes.
with sums as (
    select
        customer_no,
        {%- for quarter in past_quarter_ends() %}
        sum(case when age >= {{ quarter.age }} then cents else 0 end) as {{ quarter.aum }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            customer_no,
            {{ days_between(as_of(), 'changed_on') }} as age,
            cast(change_amount * 100 as bigint) as cents
        from {{ ref('earlier_customer_changes') }}
    ) as changes
    group by customer_no
),

spikes as (
    {{ spikes_of('sums', ref('earlier_customer_changes'), ref('earlier_coverage')) }}
)

select
    customer_no,
    quarter_end,
    first_on,
    last_on,
    amount,
    {{ as_of_column() }}
from spikes
