-- list_deposit_maturity 到期承接: whose time deposit matures, or has just matured and lies idle?
--
-- Who: a time deposit maturing from 15 days ahead to 7 days past; those that roll over by themselves only
-- when today's best rate beats theirs. One lead per customer for all of them.
-- Order: amount, days left, habit of leaving, rate gap.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    maturity_window_amount as stake_amount,
    maturity_due_on as due_on,
    {{ days_between('maturity_due_on', as_of()) }} as days_to_maturity
from {{ ref('customer_labels') }}
where maturity_due_on <= {{ plus_days(as_of(), threshold('maturity_ahead_days', rule)) }}
    and maturity_due_on >= {{ plus_days(as_of(), '-' ~ threshold('maturity_past_days', rule)) }}
    and (maturity_auto_share < 1 or maturity_rate_gap > 0)
{% endcall %}
