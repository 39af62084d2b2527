#ifndef SALLYPORT_OPENSSL_SHIM_H
#define SALLYPORT_OPENSSL_SHIM_H

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tls_shim.h"

/* EVP_PKEY_PUBLIC_KEY: a macro of macros, which Swift does not import. */
static inline int sallyport_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

#endif
