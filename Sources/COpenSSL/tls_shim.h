// What libssl offers as macros only, as functions that Swift can call.
#ifndef SALLYPORT_TLS_SHIM_H
#define SALLYPORT_TLS_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

static inline void sallyport_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void sallyport_bio_set_retry_write(BIO *bio) { BIO_set_retry_write(bio); }
static inline void sallyport_bio_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline long sallyport_ctx_set_mode(SSL_CTX *ctx, long mode) {
    return SSL_CTX_set_mode(ctx, mode);
}

/// SSL_OP_…: constants of 64 bits, which Swift does not import.
static inline uint64_t sallyport_server_options(void) {
    return SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
        | SSL_OP_PRIORITIZE_CHACHA;
}

static inline uint64_t sallyport_client_options(void) {
    return SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
}

/// Server Name Indication (RFC 6066 §3).
static inline int sallyport_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline long sallyport_server_modes(void) {
    return SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
        | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
}

static inline int sallyport_ctx_set_versions(SSL_CTX *ctx, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(ctx, minimum) == 1
        && SSL_CTX_set_max_proto_version(ctx, maximum) == 1;
}

static inline long sallyport_ctx_set_session_cache_mode(SSL_CTX *ctx, long mode) {
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}

static inline int sallyport_ctx_set_groups(SSL_CTX *ctx, const char *list) {
    return (int)SSL_CTX_set1_groups_list(ctx, list);
}

/// Takes over the caller's reference to `certificate`.
static inline int sallyport_ctx_add_chain(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(ctx, certificate);
}

static inline void sallyport_ctx_set_server_name_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(ctx, callback);
    SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}

static inline int sallyport_ctx_set_app_data(SSL_CTX *ctx, void *data) {
    return SSL_CTX_set_app_data(ctx, data);
}

static inline void *sallyport_ctx_app_data(SSL_CTX *ctx) { return SSL_CTX_get_app_data(ctx); }

/// Keys the MAC context of a ticket callback as HMAC with SHA-256.
static inline int sallyport_mac_set_hmac_sha256_key(
    EVP_MAC_CTX *context, const unsigned char *key, size_t bytes) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, bytes);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(context, parameters);
}

static inline EVP_PKEY *sallyport_generate_p256(void) { return EVP_EC_gen("P-256"); }

static inline int sallyport_error_reason(unsigned long error) { return ERR_GET_REASON(error); }
static inline int sallyport_error_library(unsigned long error) { return ERR_GET_LIB(error); }

static inline int sallyport_general_name_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

static inline const GENERAL_NAME *sallyport_general_name(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

/// The bytes of a DNS name (`GEN_DNS`) or an address (`GEN_IPADD`); NULL for another kind of name.
static inline const ASN1_STRING *sallyport_general_name_string(const GENERAL_NAME *name) {
    if (name->type == GEN_DNS) return name->d.dNSName;
    if (name->type == GEN_IPADD) return name->d.iPAddress;
    return NULL;
}

#endif
