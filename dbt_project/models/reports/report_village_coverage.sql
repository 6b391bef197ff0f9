-- report_village_coverage 整村覆盖: how far has each village come, from households to files, limits granted and loans drawn?
--
-- One row per village. A household is a customer here with those tied as spouse or parent (household_id), or a person of the
-- village census who is no customer. It has a file when the bank knows it, and all have once the census is done. Granted: a
-- limit or a loan; drawn: a loan runs or a limit is used. Mortgages are left out: the flat is in town.
with customers as (
    select
        village_code,
        coalesce(household_id, customer_id) as household_id,
        max(case when facility_limit_amount > 0 or loan_balance > mortgage_balance then 1 else 0 end) as is_granted,
        max(case when facility_used_amount > 0 or loan_balance > mortgage_balance then 1 else 0 end) as is_drawn,
        sum(loan_balance - mortgage_balance) as loan_amount
    from {{ ref('customer_labels') }}
    where village_code is not null and not is_deceased
    group by village_code, coalesce(household_id, customer_id)
),

banked as (
    select
        village_code,
        count(*) as household_count,
        sum(is_granted) as granted_count,
        sum(is_drawn) as drawn_count,
        sum(loan_amount) as loan_amount
    from customers
    group by village_code
),

census as (
    select village_code, count(*) as household_count
    from {{ ref('prospects') }}
    where origin = 'census'
    group by village_code
),

known as (
    select
        villages.branch_id,
        villages.village_code,
        villages.village_name,
        villages.grid_manager_id,
        villages.households,
        coalesce(banked.household_count, 0) as banked_count,
        case
            when villages.census_done_on <= {{ as_of() }} then villages.households
            else least(villages.households, coalesce(banked.household_count, 0) + coalesce(census.household_count, 0))
        end as file_count,
        coalesce(banked.granted_count, 0) as granted_count,
        coalesce(banked.drawn_count, 0) as drawn_count,
        coalesce(banked.loan_amount, 0) as loan_amount
    from {{ ref('stg_external__villages') }} as villages
    left join banked on villages.village_code = banked.village_code
    left join census on villages.village_code = census.village_code
)

select
    branch_id,
    village_code,
    village_name,
    grid_manager_id,
    cast(households as integer) as household_count,
    cast(banked_count as integer) as customer_household_count,
    cast(file_count as integer) as file_count,
    cast(granted_count as integer) as granted_count,
    cast(drawn_count as integer) as drawn_count,
    {{ money('loan_amount') }} as loan_amount,
    {{ rate('file_count', 'households') }} as file_rate,
    {{ rate('granted_count', 'households') }} as granted_rate,
    {{ rate('drawn_count', 'granted_count') }} as drawn_rate,
    {{ as_of_column() }}
from known
