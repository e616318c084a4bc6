#include "tcb/contract/names.h"

#include <stdint.h>
#include <string.h>

#include "tcb/contract/contract.h"

#define NAMES(variable, ...)                                                                       \
    static const char *const variable##_texts[] = {__VA_ARGS__};                                   \
    const cof_names variable = {sizeof variable##_texts / sizeof variable##_texts[0],              \
                                variable##_texts}

NAMES(cof_names_platform, "simulated", "sgx", "tdx", "sev-snp", "azure-cvm");
NAMES(cof_names_format, "csv", "idx");
NAMES(cof_names_use, "train", "test");
NAMES(cof_names_task, "regression", "binary", "classes");
NAMES(cof_names_model, "linear", "mlp");
NAMES(cof_names_activation, "relu", "tanh");
NAMES(cof_names_optimizer, "sgd", "adamw");
NAMES(cof_names_weights, "none", "balanced");
NAMES(cof_names_stop, "none", "loss", "accuracy", "auc");
NAMES(cof_names_kernel, "any", "scalar", "avx2", "avx512");
NAMES(cof_names_precision, "f32");
NAMES(cof_names_output_format, "safetensors", "json");
NAMES(cof_names_disclosure, "progress", "loss", "accuracy", "auc", "f1", "rmse", "mae",
      "confusion");
NAMES(cof_names_part, "data", "labels");
NAMES(cof_names_encryption, "", "azure-cse-v2");

bool cof_names_find(const cof_names *names, const char *text, size_t *out_index)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->texts[i], text) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static const char *name_at(const cof_names *names, size_t index)
{
    return index < names->count ? names->texts[index] : "?";
}

const char *cof_contract_platform_name(cof_contract_platform_type type)
{
    return name_at(&cof_names_platform, (size_t)type);
}

const char *cof_contract_format_name(cof_contract_format format)
{
    return name_at(&cof_names_format, (size_t)format);
}

const char *cof_contract_use_name(cof_contract_use use)
{
    return name_at(&cof_names_use, (size_t)use);
}

const char *cof_contract_task_name(cof_contract_task task)
{
    return name_at(&cof_names_task, (size_t)task);
}

const char *cof_contract_model_name(cof_contract_model_kind kind)
{
    return name_at(&cof_names_model, (size_t)kind);
}

const char *cof_contract_activation_name(cof_contract_activation activation)
{
    return name_at(&cof_names_activation, (size_t)activation);
}

const char *cof_contract_optimizer_name(cof_contract_optimizer_kind kind)
{
    return name_at(&cof_names_optimizer, (size_t)kind);
}

const char *cof_contract_weights_name(cof_contract_weights weights)
{
    return name_at(&cof_names_weights, (size_t)weights);
}

const char *cof_contract_stop_name(cof_contract_stop_metric metric)
{
    return name_at(&cof_names_stop, (size_t)metric);
}

const char *cof_contract_kernel_name(cof_contract_kernel kernel)
{
    return name_at(&cof_names_kernel, (size_t)kernel);
}

const char *cof_contract_output_format_name(cof_contract_output_format format)
{
    return name_at(&cof_names_output_format, (size_t)format);
}

const char *cof_contract_disclosure_name(cof_contract_disclosure bit)
{
    for (size_t i = 0; i < cof_names_disclosure.count; i++) {
        if ((unsigned)bit == 1U << i) {
            return cof_names_disclosure.texts[i];
        }
    }
    return "?";
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool cof_contract_is_name(const char *text)
{
    const size_t size = strlen(text);
    if (size == 0 || size > COF_CONTRACT_NAME_CHARACTERS || text[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_lower_or_digit(text[i]) && text[i] != '-') {
            return false;
        }
    }
    return true;
}

/* The next character of valid UTF-8 (jansson and libyaml give no other); *at moves behind it. */
static uint32_t next_character(const char *text, size_t *at)
{
    const unsigned char lead = (unsigned char)text[(*at)++];
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    uint32_t character = more == 3   ? lead & 0x07U
                         : more == 2 ? lead & 0x0fU
                         : more == 1 ? lead & 0x1fU
                                     : lead;
    while (more > 0 && ((unsigned char)text[*at] & 0xc0) == 0x80) {
        character = character << 6 | ((unsigned char)text[(*at)++] & 0x3fU);
        more--;
    }
    return character;
}

static bool is_harmless(uint32_t c)
{
    const bool is_control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    const bool is_invisible = (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0xfeff;
    const bool is_separator_or_direction =
        (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return !is_control && !is_invisible && !is_separator_or_direction;
}

bool cof_contract_is_plain_text(const char *text, size_t limit)
{
    size_t characters = 0;
    for (size_t at = 0; text[at] != '\0';) {
        if (!is_harmless(next_character(text, &at)) || ++characters > limit) {
            return false;
        }
    }
    return characters > 0;
}

/* Goes past characters of a set; false when there is none or more than limit. */
static bool skip_run(const char **at, bool (*belongs)(char), size_t limit)
{
    size_t count = 0;
    while (**at != '\0' && belongs(**at)) {
        (*at)++;
        count++;
    }
    return count >= 1 && count <= limit;
}

static bool is_host(char c)
{
    return is_lower_or_digit(c) || c == '-' || c == '.';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_key_name(char c)
{
    return is_letter_or_digit(c) || c == '-';
}

static bool skip_text(const char **at, const char *text)
{
    const size_t size = strlen(text);
    if (strncmp(*at, text, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

static bool skip_authority(const char **at)
{
    if (!skip_text(at, "https://") || !skip_run(at, is_host, 253)) {
        return false;
    }
    return !skip_text(at, ":") || skip_run(at, is_digit, 5);
}

bool cof_contract_is_authority(const char *text)
{
    return skip_authority(&text) && *text == '\0';
}

bool cof_contract_is_key_url(const char *text)
{
    return skip_authority(&text) && skip_text(&text, "/keys/") &&
           skip_run(&text, is_key_name, 127) && skip_text(&text, "/") &&
           skip_run(&text, is_letter_or_digit, 64) && *text == '\0';
}

bool cof_contract_is_kid(const char *text)
{
    const size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f) {
            return false;
        }
    }
    return size >= 1 && size <= COF_CONTRACT_URL_BYTES;
}
