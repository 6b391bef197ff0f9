-- prospect_links: which former prospects are customers now?
--
-- One row per prospect id that a business of the registry or a person of the whitelists has, and customer whose identity
-- hash or mobile is theirs. The id is made as in prospects, so a lead of before finds the customer it became.
with customers as (
    select customer_id, id_hash, mobile
    from {{ ref('stg_core__customers') }}
),

people as (
    select
        concat('registry|', registration_no) as known_as,
        owner_id_hash as id_hash,
        owner_mobile as mobile
    from {{ ref('stg_external__business_registry') }}
    union
    select
        concat(
            case when origin = 'village_census' then 'census|' else 'whitelist|' end,
            coalesce(id_hash, prospect_mobile, prospect_name)
        ) as known_as,
        id_hash,
        prospect_mobile as mobile
    from {{ ref('stg_lending__loan_whitelist') }}
    where coalesce(id_hash, prospect_mobile, prospect_name) is not null
),

matched as (
    select people.known_as, customers.customer_id
    from people
    inner join customers on people.id_hash = customers.id_hash
    union
    select people.known_as, customers.customer_id
    from people
    inner join customers on people.mobile = customers.mobile
)

select
    concat('P', md5(known_as)) as prospect_id,
    min(customer_id) as customer_id,
    {{ as_of_column() }}
from matched
group by known_as
