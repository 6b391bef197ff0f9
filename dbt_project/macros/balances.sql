{# Days from a date back to the business date, for an ISO text at compile time. #}
{% macro age_of(day) %}
    {{ return((modules.datetime.date.fromisoformat(var('as_of')) - modules.datetime.date.fromisoformat(day)).days) }}
{% endmacro %}

{# What of an account's balance counts: without its pledged part, and an overdraft as 0. #}
{% macro free_balance() -%}
greatest(balance - coalesce(pledged_amount, 0), 0)
{%- endmacro %}

{# What accounts held last and at most on the days that `days` tells: account_id, balance, largest_balance, first_balance_on. #}
{% macro account_levels(days) -%}
select
        account_id,
        max_by({{ free_balance() }}, biz_date) as balance,
        max({{ free_balance() }}) as largest_balance,
        min(biz_date) as first_balance_on
    from {{ ref('stg_core__account_balances') }}
    where {{ days }}
    group by account_id
{%- endmacro %}

{# How accounts' counted balances changed on the days that `days` tells: account_no, the `carried` columns of `accounts`,
   changed_on, change_amount. The first balance of those days is held against `before`. #}
{% macro balance_changes(accounts, days, before, carried=[]) -%}
select
        account_no,
        {%- for column in carried %}
        {{ column }},
        {%- endfor %}
        biz_date as changed_on,
        change_amount
    from (
        select
            account_no,
            {%- for column in carried %}
            {{ column }},
            {%- endfor %}
            biz_date,
            cast(balance - coalesce(
                lag(balance) over (partition by account_no order by biz_date nulls last), {{ before }}
            ) as decimal(18, 2)) as change_amount
        from (
            select
                accounts.account_no,
                {%- for column in [before] + carried if column != '0' %}
                accounts.{{ column }},
                {%- endfor %}
                balances.biz_date,
                cast(balances.balance as decimal(18, 2)) as balance
            from (
                select account_id, biz_date, {{ free_balance() }} as balance
                from {{ ref('stg_core__account_balances') }}
                where {{ days }}
            ) as balances
            inner join {{ accounts }} as accounts on balances.account_id = accounts.account_id
        ) as free_balances
    ) as changes
    where change_amount <> 0
{%- endmacro %}

{# Changes added up by account and calendar month, in cents: `cents` is what the month changed the balance by; `day_cents`
   what its changes add to the month's daily balances together, each counted from its day to the month's last. #}
{% macro month_changes(changes) -%}
select
        account_no,
        month_end,
        cast(sum(cents) as bigint) as cents,
        cast(sum(cents * ({{ days_between('month_end', 'changed_on') }} + 1)) as bigint) as day_cents
    from (
        select
            account_no,
            changed_on,
            last_day(changed_on) as month_end,
            cast(change_amount * 100 as bigint) as cents
        from {{ changes }}
    ) as changes
    group by account_no, month_end
{%- endmacro %}

{# The rows of customer_balance_changes of the customers in `customers`, a CTE: customer_no, changed_on, change_amount. Whose
   accounts they are is asked first, so that the changes of all others are never looked at. #}
{% macro changes_of(customers) -%}
select new_changes.customer_no, new_changes.changed_on, new_changes.change_amount
        from {{ ref('new_balance_changes') }} as new_changes
        semi join {{ customers }} on new_changes.customer_no = {{ customers }}.customer_no
        union all
        select own_accounts.customer_no, earlier_changes.changed_on, earlier_changes.change_amount
        from {{ ref('earlier_balance_changes') }} as earlier_changes
        inner join (
            select accounts.account_no, accounts.customer_no
            from {{ ref('deposit_accounts') }} as accounts
            semi join {{ customers }} on accounts.customer_no = {{ customers }}.customer_no
        ) as own_accounts on earlier_changes.account_no = own_accounts.account_no
{%- endmacro %}

{# The same with age in days and cents. #}
{% macro aged_changes_of(customers) -%}
select
        customer_no,
        {{ days_between(as_of(), 'changed_on') }} as age,
        cast(change_amount * 100 as bigint) as cents
    from (
        {{ changes_of(customers) }}
    ) as own_changes
{%- endmacro %}

{# What is summed up over changes (columns `age`, `cents`) for balances and churn, in cents: {column: aggregate}. #}
{% macro balance_sums() %}
    {%- set sums = {
        'aum': 'sum(cents)',
        'aum_30d_ago': level(30),
        'aum_90d_ago': level(90),
        'sum_30d': day_sum(30),
        'sum_91_180d': day_sum(90, 90),
        'sum_365d': day_sum(365),
    } -%}
    {%- for month_end in month_ends(13) -%}
        {%- do sums.update({
            'aum_' ~ loop.index: level(age_of(month_end)),
            'sum_30d_' ~ loop.index: day_sum(30, age_of(month_end)),
        }) -%}
    {%- endfor -%}
    {%- for point in churn_points() -%}
        {%- do sums.update({
            'point_90d_' ~ loop.index0: day_sum(90, point.age),
            'point_31_120d_' ~ loop.index0: day_sum(90, point.age + 30),
        }) -%}
    {%- endfor -%}
    {{ return(sums) }}
{% endmacro %}

{# Aggregate over changes (columns `age` in days, `cents`): the balance at the end of the day `age` days ago. #}
{% macro level(age) -%}
sum(case when age >= {{ age }} then cents else 0 end)
{%- endmacro %}

{# Aggregate over changes: the sum of the daily balances of the `days` days that end `age` days ago, in cents. A change
   counts once for each of those days on which it has happened. #}
{% macro day_sum(days, age=0) -%}
sum(case when age >= {{ age }} then cents * least({{ days }}, age - {{ age - 1 }}) else 0 end)
{%- endmacro %}

{# A mean of daily balances as money, from their sum in cents; rounded half up, alike on both engines. #}
{% macro mean_of(cents, days) -%}
cast(floor(cast({{ cents }} as double) / {{ days }} + 0.5) / 100 as decimal(18, 2))
{%- endmacro %}

{# Cents as money. #}
{% macro from_cents(cents) -%}
cast(cast({{ cents }} as decimal(38, 0)) / 100 as decimal(18, 2))
{%- endmacro %}
