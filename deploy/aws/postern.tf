# What one Postern (one store) needs at Amazon SES, as one module; postern.yaml is its twin. docs/aws.md goes through it.
#   module "postern_shop" {
#     source         = "./deploy/aws"
#     name           = "postern-shop"
#     from_addresses = ["*@example.com"]
#   }
# No access key is made: its secret would stay in Terraform's state.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.30" }
  }
}

variable "name" {
  type        = string
  default     = "postern"
  description = "One for each store; the configuration set, the topic and the queue are called so."
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,40}$", var.name))
    error_message = "Lower-case letters, digits and -, at most 41."
  }
}

variable "from_addresses" {
  type        = list(string)
  description = "What may stand in From, like *@example.com and *@*.example.com."
}

variable "identities" {
  type        = string
  default     = "read"
  description = "As aws.identities in postern.yml. manage lets the relay make identities at SES."
  validation {
    condition     = contains(["off", "read", "manage"], var.identities)
    error_message = "off, read or manage."
  }
}

variable "also_ses" {
  type        = bool
  default     = false
  description = "Whether `postern suppression … --also-ses` may change the account's suppression list."
}

variable "more_configuration_sets" {
  type        = list(string)
  default     = []
  description = "ARNs of further sets, which apps of this Postern name in ses.configuration_set."
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  region     = data.aws_region.this.name
  ses        = "arn:${data.aws_partition.this.partition}:ses:${local.region}:${data.aws_caller_identity.this.account_id}"
  identities = "${local.ses}:identity/*"
  sets       = concat(["${local.ses}:configuration-set/${var.name}"], var.more_configuration_sets)
}

resource "aws_sesv2_configuration_set" "postern" {
  configuration_set_name = var.name
  reputation_options { reputation_metrics_enabled = true }
  sending_options { sending_enabled = true }
  suppression_options { suppressed_reasons = ["BOUNCE", "COMPLAINT"] }
}

# Everything but opens and clicks: their tracking rewrites what was signed.
resource "aws_sesv2_configuration_set_event_destination" "events" {
  configuration_set_name = aws_sesv2_configuration_set.postern.configuration_set_name
  event_destination_name = "postern"
  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY", "RENDERING_FAILURE"]
    sns_destination { topic_arn = aws_sns_topic.events.arn }
  }
  depends_on = [aws_sns_topic_policy.events]
}

resource "aws_sns_topic" "events" {
  name = var.name
}

resource "aws_sns_topic_policy" "events" {
  arn = aws_sns_topic.events.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.events.arn
      Condition = {
        StringEquals = {
          "AWS:SourceAccount" = data.aws_caller_identity.this.account_id
          "AWS:SourceArn"     = local.sets
        }
      }
    }]
  })
}

# No dead-letter queue: the relay deletes what is no event, and counts it; what it cannot keep yet it gives back.
resource "aws_sqs_queue" "events" {
  name                       = var.name
  message_retention_seconds  = 1209600
  receive_wait_time_seconds  = 20
  visibility_timeout_seconds = 60
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.events.arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "events" {
  topic_arn            = aws_sns_topic.events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.events.arn
  raw_message_delivery = true
  depends_on           = [aws_sqs_queue_policy.events]
}

# SMTP takes the key of an IAM user alone, no role: this user can send, and nothing else.
resource "aws_iam_user" "smtp" {
  name = "${var.name}-${local.region}-smtp"
}

resource "aws_iam_user_policy" "send" {
  name = "send"
  user = aws_iam_user.smtp.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "ses:SendRawEmail"
      Resource  = concat([local.identities], local.sets)
      Condition = { StringLike = { "ses:FromAddress" = var.from_addresses } }
    }]
  })
}

# For the relay's calls: give it to the role that the relay has on EC2, ECS or EKS, or to a user with an access key.
resource "aws_iam_policy" "relay" {
  name = "${var.name}-${local.region}-relay"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadEvents"
          Effect   = "Allow"
          Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
          Resource = aws_sqs_queue.events.arn
        },
        {
          Sid      = "ReadAccount"
          Effect   = "Allow"
          Action   = ["ses:GetAccount"]
          Resource = "*"
        },
        {
          Sid      = "ReadConfigurationSet"
          Effect   = "Allow"
          Action   = ["ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations"]
          Resource = local.sets
        },
      ],
      var.identities == "off" ? [] : [{
        Sid      = "ReadIdentities"
        Effect   = "Allow"
        Action   = ["ses:GetEmailIdentity"]
        Resource = local.identities
      }],
      var.identities != "manage" ? [] : [{
        Sid    = "ManageIdentities"
        Effect = "Allow"
        Action = [
          "ses:CreateEmailIdentity",
          "ses:PutEmailIdentityDkimSigningAttributes",
          "ses:PutEmailIdentityMailFromAttributes",
        ]
        Resource = local.identities
      }],
      !var.also_ses ? [] : [{
        Sid      = "ChangeSuppression"
        Effect   = "Allow"
        Action   = ["ses:PutSuppressedDestination", "ses:DeleteSuppressedDestination"]
        Resource = "*"
      }],
    )
  })
}

output "configuration_set" {
  description = "upstream.configuration_set"
  value       = aws_sesv2_configuration_set.postern.configuration_set_name
}

output "queue_url" {
  description = "feedback.sqs.queue_url"
  value       = aws_sqs_queue.events.id
}

output "topic_arn" {
  description = "feedback.sns.topic_arns, where SNS shall post instead"
  value       = aws_sns_topic.events.arn
}

output "smtp_user" {
  description = "aws iam create-access-key --user-name …; its secret goes through `postern smtp-password`"
  value       = aws_iam_user.smtp.name
}

output "relay_policy_arn" {
  description = "To attach to the relay's role or user"
  value       = aws_iam_policy.relay.arn
}
