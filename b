	http-after-response add-header
	http-after-response allow
	http-after-response capture
	http-after-response del-header
	http-after-response ot-group
	http-after-response replace-header
	http-after-response replace-value
	http-after-response set-header
	http-after-response set-status
	http-after-response set-var*
	http-after-response set-var-fmt*
	http-after-response strict-mode
	http-after-response unset-var*
	http-request add-acl*
	http-request add-header
	http-request allow
	http-request auth
	http-request cache-use
	http-request capture
	http-request del-acl*
	http-request del-header
	http-request del-map*
	http-request deny
	http-request disable-l7-retry
	http-request do-resolve*
	http-request early-hint
	http-request normalize-uri
	http-request ot-group
	http-request redirect
	http-request reject
	http-request replace-header
	http-request replace-path
	http-request replace-pathq
	http-request replace-uri
	http-request replace-value
	http-request return
	http-request sc-inc-gpc*
	http-request sc-inc-gpc0*
	http-request sc-inc-gpc1*
	http-request sc-set-gpt*
	http-request sc-set-gpt0*
	http-request send-spoe-group
	http-request set-dst
	http-request set-dst-port
	http-request set-header
	http-request set-log-level
	http-request set-map*
	http-request set-mark
	http-request set-method
	http-request set-nice
	http-request set-path
	http-request set-pathq
	http-request set-priority-class
	http-request set-priority-offset
	http-request set-query
	http-request set-src
	http-request set-src-port
	http-request set-timeout
	http-request set-tos
	http-request set-uri
	http-request set-var*
	http-request set-var-fmt*
	http-request silent-drop
	http-request strict-mode
	http-request tarpit
	http-request track-sc*
	http-request unset-var*
	http-request use-service
	http-request wait-for-body
	http-request wait-for-handshake
	http-response add-acl*
	http-response add-header
	http-response allow
	http-response cache-store
	http-response capture
	http-response del-acl*
	http-response del-header
	http-response del-map*
	http-response deny
	http-response ot-group
	http-response redirect
	http-response replace-header
	http-response replace-value
	http-response return
	http-response sc-inc-gpc*
	http-response sc-inc-gpc0*
	http-response sc-inc-gpc1*
	http-response sc-set-gpt*
	http-response sc-set-gpt0*
	http-response send-spoe-group
	http-response set-header
	http-response set-log-level
	http-response set-map*
	http-response set-mark
	http-response set-nice
	http-response set-status
	http-response set-tos
	http-response set-var*
	http-response set-var-fmt*
	http-response silent-drop
	http-response strict-mode
	http-response track-sc*
	http-response unset-var*
	http-response wait-for-body
	tcp-request
	tcp-request connection sc-inc-gpc*
	tcp-request connection sc-inc-gpc0*
	tcp-request connection sc-inc-gpc1*
	tcp-request connection sc-set-gpt*
	tcp-request connection sc-set-gpt0*
	tcp-request connection set-dst
	tcp-request connection set-dst-port
	tcp-request connection set-mark
	tcp-request connection set-src
	tcp-request connection set-src-port
	tcp-request connection set-tos
	tcp-request connection set-var*
	tcp-request connection set-var-fmt*
	tcp-request connection silent-drop
	tcp-request connection unset-var*
	tcp-request content do-resolve*
	tcp-request content ot-group
	tcp-request content sc-inc-gpc*
	tcp-request content sc-inc-gpc0*
	tcp-request content sc-inc-gpc1*
	tcp-request content sc-set-gpt*
	tcp-request content sc-set-gpt0*
	tcp-request content send-spoe-group
	tcp-request content set-dst
	tcp-request content set-dst-port
	tcp-request content set-log-level
	tcp-request content set-mark
	tcp-request content set-nice
	tcp-request content set-priority-class
	tcp-request content set-priority-offset
	tcp-request content set-src
	tcp-request content set-src-port
	tcp-request content set-tos
	tcp-request content set-var*
	tcp-request content set-var-fmt*
	tcp-request content silent-drop
	tcp-request content switch-mode
	tcp-request content unset-var*
	tcp-request content use-service
	tcp-request session sc-inc-gpc*
	tcp-request session sc-inc-gpc0*
	tcp-request session sc-inc-gpc1*
	tcp-request session sc-set-gpt*
	tcp-request session sc-set-gpt0*
	tcp-request session set-dst
	tcp-request session set-dst-port
	tcp-request session set-mark
	tcp-request session set-src
	tcp-request session set-src-port
	tcp-request session set-tos
	tcp-request session set-var*
	tcp-request session set-var-fmt*
	tcp-request session silent-drop
	tcp-request session unset-var*
	tcp-response
	tcp-response content ot-group
	tcp-response content sc-inc-gpc*
	tcp-response content sc-inc-gpc0*
	tcp-response content sc-inc-gpc1*
	tcp-response content sc-set-gpt*
	tcp-response content sc-set-gpt0*
	tcp-response content send-spoe-group
	tcp-response content set-log-level
	tcp-response content set-mark
	tcp-response content set-nice
	tcp-response content set-tos
	tcp-response content set-var*
	tcp-response content set-var-fmt*
	tcp-response content silent-drop
	tcp-response content unset-var*
