{# True when a staging table has any row: an optional table that a bank does not deliver is an empty one, and what
   rests on it alone is unknown, not no. #}
{% macro delivered(relation) -%}
(select count(*) > 0 from (select 1 as found from {{ relation }} limit 1) as first_row)
{%- endmacro %}

{# The last n days, the business date included, as a relation with one column `day`. #}
{% macro last_days(n) -%}
{%- set py = modules.datetime -%}
{%- set last = py.date.fromisoformat(var('as_of')) -%}
(select cast(iso_day as date) as day
    from (values {% for back in range(n) %}('{{ (last - py.timedelta(days=back)).isoformat() }}'){{ ', ' if not loop.last }}{% endfor %}) as iso_days (iso_day))
{%- endmacro %}

{# From which day on balances are complete, of the days that `days` tells: a query of one row. The first delivered day holds
   a balance of every open account, and so does every month-end. Where the window begins later than the bank's history, its
   first day holds the changed ones only, and balances are complete from the first month-end on. #}
{% macro balances_from(days='true') -%}
with balances as (
        select min(biz_date) as first_on
        from {{ ref('stg_core__account_balances') }}
        where {{ days }}
    ),

    first_day as (
        select count(*) as balance_count
        from {{ ref('stg_core__account_balances') }}
        where biz_date = (select balances.first_on from balances)
    ),

    open_accounts as (
        select count(*) as account_count
        from {{ ref('stg_core__accounts') }}
        where opened_on <= (select balances.first_on from balances)
            and (closed_on is null or closed_on > (select balances.first_on from balances))
    )

    select
        case
            when first_day.balance_count >= open_accounts.account_count * 0.8 then balances.first_on
            else last_day(balances.first_on)
        end as balances_from
    from balances
    cross join first_day
    cross join open_accounts
{%- endmacro %}
