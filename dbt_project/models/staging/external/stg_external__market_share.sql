-- stg_external__market_share: how much business has each bank in a county?
--
-- One row per biz_month, region_code, bank_name and business_line.
select * from {{ source('external', 'market_share') }}
