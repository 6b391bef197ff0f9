-- earlier_inside_transfers: what was transferred between accounts here on earlier days?
--
-- One row per booking, as in inside_transfers.
{{ inside_moves('biz_date <= ' ~ earlier_to()) }}
