/*
 * A cryptographic device (GM/T 0018-2012) for tests, as small as it can be: one SM2 key, signed with by libcrypto.
 *
 * All it knows stands in a folder: that of the library itself for SDF_OpenDevice, another for SDF_OpenDeviceWithPath.
 *   key.pem    the private key, which has index 1
 *   password   its access code
 *   calls      what was called, a line each, written here
 * and, where a file of that name exists, what goes wrong:
 *   restart    all handles die with the next signature; the file goes away
 *   away       the device can't be reached
 *   forge      signatures are over another digest
 *   narrow     structures have coordinates of 32 bytes
 *   ailing     signing fails, on whatever session
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OK = 0,
    COMMFAIL = 0x01000003,
    OPENDEVICE = 0x01000005,
    OPENSESSION = 0x01000006,
    PARDENY = 0x01000007,
    KEYNOTEXIST = 0x01000008,
    SIGNERR = 0x0100000D,
    PRKRERR = 0x01000018,
    INARGERR = 0x0100001D
};

typedef struct {
    int epoch;
} Device;

typedef struct {
    int epoch;
    int unlocked;
    int in_use;
} Session;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static int epoch = 0;

static void path_of(char *path, size_t size, const char *name) { snprintf(path, size, "%s/%s", folder, name); }

static int exists(const char *name) {
    char path[4200];
    path_of(path, sizeof path, name);
    return access(path, F_OK) == 0;
}

static void note(const char *call) {
    char path[4200];
    path_of(path, sizeof path, "calls");
    FILE *file = fopen(path, "a");
    if (file) {
        fprintf(file, "%s\n", call);
        fclose(file);
    }
}

static EVP_PKEY *read_key(void) {
    char path[4200];
    path_of(path, sizeof path, "key.pem");
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    return key;
}

static int open_device(void **handle) {
    note("open device");
    if (exists("away")) return OPENDEVICE;
    Device *device = calloc(1, sizeof *device);
    device->epoch = epoch;
    *handle = device;
    return OK;
}

int SDF_OpenDevice(void **handle) {
    Dl_info about;
    pthread_mutex_lock(&lock);
    dladdr((void *)SDF_OpenDevice, &about);
    snprintf(folder, sizeof folder, "%s", about.dli_fname);
    *strrchr(folder, '/') = 0;
    int returned = open_device(handle);
    pthread_mutex_unlock(&lock);
    return returned;
}

int SDF_OpenDeviceWithPath(char *path, void **handle) {
    pthread_mutex_lock(&lock);
    snprintf(folder, sizeof folder, "%s", path);
    int returned = open_device(handle);
    pthread_mutex_unlock(&lock);
    return returned;
}

int SDF_CloseDevice(void *handle) {
    note("close device");
    free(handle);
    return OK;
}

int SDF_OpenSession(void *handle, void **session_handle) {
    Device *device = handle;
    pthread_mutex_lock(&lock);
    int alive = device->epoch == epoch && !exists("away");
    pthread_mutex_unlock(&lock);
    note("open session");
    if (!alive) return OPENSESSION;
    Session *session = calloc(1, sizeof *session);
    session->epoch = device->epoch;
    *session_handle = session;
    return OK;
}

int SDF_CloseSession(void *handle) {
    note("close session");
    free(handle);
    return OK;
}

int SDF_GetPrivateKeyAccessRight(void *handle, unsigned int index, unsigned char *code, unsigned int length) {
    char path[4200], right[256] = "";
    Session *session = handle;
    note("ask for the key");
    if (index != 1) return KEYNOTEXIST;
    path_of(path, sizeof path, "password");
    FILE *file = fopen(path, "r");
    if (!file || !fgets(right, sizeof right, file)) right[0] = 0;
    if (file) fclose(file);
    if (strlen(right) != length || memcmp(right, code, length) != 0) return PRKRERR;
    session->unlocked = 1;
    return OK;
}

int SDF_ReleasePrivateKeyAccessRight(void *handle, unsigned int index) {
    note("release the key");
    ((Session *)handle)->unlocked = 0;
    return index == 1 ? OK : KEYNOTEXIST;
}

/* Numbers stand at the end of their room, which is zero in front. */
static void put(unsigned char *structure, int place, const BIGNUM *number) {
    int room = exists("narrow") ? 32 : 64;
    BN_bn2binpad(number, structure + place * room, room);
}

int SDF_ExportSignPublicKey_ECC(void *handle, unsigned int index, unsigned char *structure) {
    BIGNUM *x = NULL, *y = NULL;
    unsigned int bits = 256;
    if (((Session *)handle)->epoch != epoch) return COMMFAIL;
    if (index != 1) return KEYNOTEXIST;
    EVP_PKEY *key = read_key();
    if (!key) return KEYNOTEXIST;
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y);
    memcpy(structure, &bits, sizeof bits);
    put(structure + sizeof bits, 0, x);
    put(structure + sizeof bits, 1, y);
    BN_free(x);
    BN_free(y);
    EVP_PKEY_free(key);
    return OK;
}

static int sign(const unsigned char *digest, unsigned char *structure) {
    unsigned char der[80];
    const unsigned char *start = der;
    size_t length = sizeof der;
    EVP_PKEY *key = read_key();
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    int made = context && EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &length, digest, 32) == 1;
    ECDSA_SIG *signature = made ? d2i_ECDSA_SIG(NULL, &start, (long)length) : NULL;
    if (signature) {
        put(structure, 0, ECDSA_SIG_get0_r(signature));
        put(structure, 1, ECDSA_SIG_get0_s(signature));
    }
    ECDSA_SIG_free(signature);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return signature ? OK : SIGNERR;
}

int SDF_InternalSign_ECC(void *handle, unsigned int index, unsigned char *data, unsigned int length,
                         unsigned char *structure) {
    Session *session = handle;
    unsigned char digest[32];
    char call[64];
    if (__sync_lock_test_and_set(&session->in_use, 1)) note("one session, two threads");
    snprintf(call, sizeof call, "sign %u bytes", length);
    note(call);
    pthread_mutex_lock(&lock);
    if (exists("restart")) {
        char path[4200];
        path_of(path, sizeof path, "restart");
        unlink(path);
        epoch++;
    }
    int alive = session->epoch == epoch && !exists("away");
    pthread_mutex_unlock(&lock);
    int returned = !alive               ? COMMFAIL
                   : index != 1         ? KEYNOTEXIST
                   : !session->unlocked ? PARDENY
                   : length != 32       ? INARGERR
                   : exists("ailing")   ? SIGNERR
                                        : OK;
    if (returned == OK) {
        memcpy(digest, data, sizeof digest);
        if (exists("forge")) digest[0] ^= 1;
        returned = sign(digest, structure);
    }
    __sync_lock_release(&session->in_use);
    return returned;
}
