-- list_mortgage_cross_sell 按揭交叉: which mortgage customer uses little else of the bank?
--
-- Who: a mortgage of at least 12 months, nothing overdue, a core product missing.
-- Order: paid on time, age of the mortgage, pay landing elsewhere, products missing.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where has_mortgage
    and mortgage_months >= {{ threshold('mortgage_cross_months', rule) }}
    and not is_overdue
    and not is_npl
    and core_products_missing_count >= {{ threshold('mortgage_cross_missing_from', rule) }}
{% endcall %}
