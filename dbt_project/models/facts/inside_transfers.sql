{{ config(materialized='view') }}
-- inside_transfers: what was transferred between accounts here?
--
-- One row per booking of the last six months, so two for a transfer whose both sides are delivered; reversed ones too.
-- Another account here is one without another bank's name; where banks are not delivered, readers look whether it is one.
{{ inside_moves('biz_date > ' ~ earlier_to()) }}
union all
select txn_id, account_id, counterparty_account, biz_date, direction, amount, as_of from {{ ref('earlier_inside_transfers') }}
