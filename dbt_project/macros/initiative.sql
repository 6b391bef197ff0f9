{# Accounts and blocks of 60 days with days on which a customer did something, of the days for which `days` holds; the
   rule stands at initiative_blocks. #}
{% macro initiative(days) -%}
with days as (
    select
        account_id,
        {{ days_between(as_of(), 'biz_date') }} as age
    from {{ ref('stg_core__transactions') }}
    where channel <> 'batch'
        and txn_type not in ('interest', 'fee', 'tax', 'court', 'reversal', 'standing_order')
        and (direction = 'out' or (txn_type = 'cash' and channel in ('counter', 'atm')))
        and coalesce(is_customer_initiated, true)
        and {{ days }}
),

account_blocks as (
    select account_id, {{ initiative_block() }}
    from days
    group by account_id, cast(floor(age / 60) as integer)
)
{%- endmacro %}

{# What is known of a block of days, which are set as bits of one number. #}
{% macro initiative_block() -%}
cast(floor(age / 60) as integer) as block,
max(age) as oldest_age,
min(age) as newest_age,
bit_or(cast(power(2, age % 60) as bigint)) as days_seen
{%- endmacro %}
