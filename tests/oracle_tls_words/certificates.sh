# Certificates for the tests: authorities of X.509 version 3 and 1, what they signed, and their lists.
ec="-newkey ec -pkeyopt ec_paramgen_curve:P-256"

authority() { openssl req -x509 -nodes $ec -keyout $1.key -out $1.crt -subj /CN=$1 -days 3650; }

# leaf <name> <authority> <extensions, or nothing for version 1> [<key>]
leaf() {
    openssl req -nodes ${4:-$ec} -keyout $1.key -out $1.csr -subj /CN=$1.test
    printf "$3" >extensions
    openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -out $1.crt -days 3650 ${3:+-extfile extensions}
    cat $1.crt $1.key >$1.pem
}

# past <name> <authority, or self> <extensions>: one whose time is over
past() {
    mkdir -p past && : >past/index && echo 07 >past/serial
    printf "[ca]\ndefault_ca=d\n[d]\ndatabase=past/index\nserial=past/serial\nnew_certs_dir=past\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n" >past/conf
    openssl req -nodes $ec -keyout $1.key -out $1.csr -subj /CN=$1
    printf "$3" >extensions
    by="-cert $2.crt -keyfile $2.key"
    if [ $2 = self ]; then by="-selfsign -keyfile $1.key"; fi
    openssl ca -batch -config past/conf $by -in $1.csr -out $1.crt -notext -startdate 20200101000000Z -enddate 20210101000000Z ${3:+-extfile extensions}
    cat $1.crt $1.key >$1.pem
}

# revocations <authority> [<revoked>...]
revocations() {
    mkdir -p list-$1 && : >list-$1/index && echo 01 >list-$1/number
    printf "[ca]\ndefault_ca=d\n[d]\ndatabase=list-$1/index\ncrlnumber=list-$1/number\ndefault_md=sha256\ndefault_crl_days=300\nunique_subject=no\n" >list-$1/conf
    by="-config list-$1/conf -keyfile $1.key -cert $1.crt"
    for one in ${@:2}; do openssl ca $by -revoke $one.crt; done
    openssl ca $by -gencrl -out $1.crl
}

authority root && authority other
openssl req -nodes $ec -keyout vroot.key -out vroot.csr -subj /CN=vroot
openssl x509 -req -in vroot.csr -signkey vroot.key -out vroot.crt -days 3650
leaf plain root "subjectAltName=DNS:plain.test"
leaf rsa root "subjectAltName=DNS:plain.test" "-newkey rsa:2048"
cp plain.pem pair.pem.ecdsa && cp rsa.pem pair.pem.rsa
leaf v1 root "" && leaf v1onv1 vroot "" && leaf v3onv1 vroot "subjectAltName=DNS:v3onv1.test"
leaf authority root "basicConstraints=critical,CA:TRUE"
leaf forserver root "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:forserver.test"
leaf forclient root "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:forclient.test"
leaf inter root "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign"
leaf under inter "subjectAltName=DNS:under.test" && cat under.crt inter.crt under.key >underchain.pem
leaf v1under inter "" && cat v1under.crt inter.crt v1under.key >v1underchain.pem
leaf bynobody plain "subjectAltName=DNS:bynobody.test" && cat bynobody.crt plain.crt bynobody.key >bynobodychain.pem
leaf stranger other "subjectAltName=DNS:stranger.test" && leaf v1stranger other ""
past old self "basicConstraints=critical,CA:TRUE" && leaf onold old "subjectAltName=DNS:onold.test"
past expired root "subjectAltName=DNS:expired.test" && past v1expired root ""
leaf revoked root "subjectAltName=DNS:revoked.test" && leaf v1revoked root ""
revocations root revoked v1revoked && revocations inter && cat root.crl inter.crl >both.crl
cat root.crt root.key >root.pem
mkdir authorities && cp root.crt authorities/root.pem
echo plain.pem >list
openssl req -x509 -nodes -newkey rsa:2048 -keyout signs.key -out signs.crt -subj "/C=FR/O=signs" -days 3650
cat signs.crt signs.key >signs.pem && cat inter.crt root.crt inter.key >interchain.pem
cat root.crt signs.key >mixed.pem && cp root.crt beside.pem && cp root.key beside.pem.key
openssl pkcs8 -topk8 -in root.key -passout pass:secret | cat root.crt - >sealed.pem
openssl pkcs8 -topk8 -v2 aes128 -v2prf hmacWithSHA1 -in root.key -passout pass:secret | cat root.crt - >sealed-sha1.pem
